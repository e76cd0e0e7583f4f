package main

// equivalent are the conditions that may as well be negated, by their keys, with the
// reason. They are listed, and not tried.
var equivalent = map[string]string{}
