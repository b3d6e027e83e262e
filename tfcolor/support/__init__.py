"""What all packages use: errors in one line, complete files, interrupts, quiet C++ libraries."""
