"""What every part of the program leans on: errors as one line, files, what C++ prints."""
