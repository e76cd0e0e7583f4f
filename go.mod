module github.com/ewsquarantine/ewsquarantine

go 1.26
