package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"time"
)

func summaryCommand() command {
	return command{
		name:     "summary",
		summary:  "make a page for decision makers from receipts",
		synopsis: []string{"-out FILE [-receipt FILE] [-title TEXT]"},
		offline:  true,
		description: `
Reads the lines that quarantine, find and restore wrote, and makes one self-contained
HTML page: what was taken, where and when; who had read it, replied to it or forwarded
it and should be called first; what was not done; what could not be searched, and why;
and who got it through a forward. Text written by a sender is shown as plain text; the
page has no scripts and loads nothing. No server is contacted.

A later line about a message replaces an earlier one. Only its owner can read the
file. Once complete, it replaces an earlier page of that name, but no other file.
`,
		exit: map[int]string{
			exitDone: "The page was written.",
			exitSome: "The page was written, but lines could not be read, and it says so.",
		},
		examples: []example{
			{"What did the campaign do?", "ewsq summary -receipt receipts.jsonl -out campaign.html"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var out, receipts, title string
			addText(flags, &out, "out", "", "write the page into this `FILE`")
			addText(flags, &receipts, "receipt", "-", "`FILE` with the lines of earlier runs; - for standard input")
			addText(flags, &title, "title", "Mail taken into quarantine", "`TEXT` at the head of the page")
			return func(_ context.Context, s *session) error {
				if err := checkOut(out); err != nil {
					return err
				}
				return s.summary(receipts, out, title)
			}
		},
	}
}

// summaryLine is the result line of summary.
type summaryLine struct {
	File       string `json:"file"`
	Messages   int    `json:"messages"`
	Mailboxes  int    `json:"mailboxes"`
	Unsearched int    `json:"unsearched"`
	Unread     int    `json:"unreadLines"` // lines that could not be read
}

func (s *session) summary(receipts, out, title string) error {
	in, err := s.input(receipts)
	if err != nil {
		return err
	}
	defer in.Close()
	d := newTally(title)
	for line, err := range jsonLines(in) {
		if err != nil {
			return usagef("-receipt %s: %w", receipts, err)
		}
		d.read(line)
	}
	if d.lines == 0 {
		return usagef("-receipt %s: is empty; it must contain the lines that quarantine wrote", receipts)
	}
	p := d.page(time.Now())
	err = writePage(out, summaryHead, func(w *bufio.Writer) error { return summaryPage.Execute(w, p) })
	switch {
	case errors.Is(err, fs.ErrExist):
		return usagef("-out %s: exists, and is not a page of ewsq summary; give another name", out)
	case err != nil:
		return fmt.Errorf("-out: %w", err)
	}
	line := summaryLine{File: out, Messages: len(p.Copies), Mailboxes: p.Mailboxes, Unsearched: len(p.Unsearched), Unread: p.UnreadLines}
	text := fmt.Sprintf("%s: %s in %s, %s to call, %s not searched", out, count2(line.Messages, "copy", "copies"), count(line.Mailboxes, "mailbox"),
		count2(len(p.Call), "person", "people"), count2(line.Unsearched, "place", "places"))
	if err := s.write(line, text); err != nil {
		return err
	}
	if line.Unread > 0 {
		s.say("%s could not be read; the page says so", count(line.Unread, "line"))
		return errSome
	}
	return nil
}
