// Package powershell writes commands for the shells that administer Exchange.
// Texts of a configuration stand in them as literals, whatever characters they
// hold.
package powershell

import "strings"

// quotes doubles what PowerShell takes for a single quotation mark: besides
// the one of ASCII, four typographical ones.
// See https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules.
var quotes = strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019", "\u201A", "\u201A\u201A", "\u201B", "\u201B\u201B")

// Quote returns a literal of PowerShell for a text. Nothing in it is expanded,
// and nothing can end it. The texts of a valid configuration are of one line.
func Quote(s string) string { return "'" + quotes.Replace(s) + "'" }

// Filter returns a literal of PowerShell that holds a filter in which a
// property is compared with a text: the text is quoted for the filter, and the
// filter for PowerShell.
func Filter(property, operator, text string) string {
	return Quote(property + " " + operator + " " + Quote(text))
}
