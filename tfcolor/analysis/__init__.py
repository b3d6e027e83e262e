"""Analysis of a set of photographs, reported on one HTML page.

`study.analyze` runs it all: `stream` reduces the photographs, `measures` measures each of them,
`statistics`, `preprocessing` and `gray` accumulate the results in constant memory, `conclusion`
derives advice for training, `figures` and `grids` draw charts and pictures, `page` renders HTML.
"""
