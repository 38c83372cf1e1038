package testdb

// FindBinaries lets the external tests see how the server programs are found.
var FindBinaries = findBinaries

// NewestVersion lets the external tests see which version wins.
var NewestVersion = newestVersion
