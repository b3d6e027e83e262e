"""A study of photographs: what is in a set, measured and shown on a page.

`study.analyze` does it all: `stream` reduces photographs, `measures` takes the figures of each,
`statistics`, `preprocessing` and `gray` add them up in constant memory, `conclusion` says what
follows, `figures` and `grids` draw it, `page` puts it on one page of HTML.
"""
