package main

// scope is what is mutated, and which tests must notice.
type scope struct {
	files   []string // patterns below the root; tests are left out
	tables  []table
	killers []killer
}

// killer is a part of the tests of a package.
type killer struct {
	name      string
	pkg       string // below the root
	run, skip string // expressions for names of tests; an empty skip skips none
	args      []string
	explorer  bool // it is the explorer, or a part of it
	// virtual means that it runs in virtual time, so a failure needs no second run to
	// confirm it.
	virtual bool
	// long means that it is not run without a mutant first, and has its turn last.
	long bool
}

// engine returns the scope of the engine's table and proof, and their tests. It includes
// what a driver reads for the proof, and the form in which messages are compared.
func engine(whole bool) scope {
	s := scope{
		files: []string{
			"quarantine/internal/passage/*.go",
			"quarantine/driver/content.go",
			"quarantine/driver/same.go",
			"quarantine/ewsmail/content.go",
			"internal/mimescan/content*.go",
		},
		tables: []table{{name: "rules", columns: []int{0, 1}, wildcard: "whatever"}},
		killers: []killer{
			{name: "explorer", pkg: "quarantine", run: "^TestExplore", explorer: true, virtual: true},
			{name: "explorer, more pairs", pkg: "quarantine", run: "^TestExplorePairs$", args: []string{"-explore.part", "7,997"}, explorer: true, virtual: true},
			// That the table matches the one in the comment does not justify a row.
			{name: "passage", pkg: "quarantine/internal/passage", run: "^Test", skip: "^TestTableOfThePackageComment$", args: []string{"-whole"}, virtual: true},
			{name: "driver", pkg: "quarantine/driver", run: "^Test", virtual: true},
			{name: "mimescan", pkg: "internal/mimescan", run: "^Test", virtual: true},
			// The matrices are histories, like the explorer's, and take many times as
			// long.
			{name: "engine", pkg: "quarantine", run: "^Test", skip: "^Test(Explore|Crash|Scale|RandomRuns|FaultMatrix|Conformance|Rival)"},
		},
	}
	if whole {
		s.killers = append(s.killers, killer{
			name: "whole explorer", pkg: "quarantine", run: "^TestExplore", args: []string{"-whole"}, explorer: true, virtual: true, long: true,
		})
	}
	return s
}
