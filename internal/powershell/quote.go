// Package powershell writes commands for the shells that administer Exchange. Texts from
// a configuration become literals, regardless of the characters they contain.
package powershell

import "strings"

// quotes doubles what PowerShell accepts as a single quotation mark: the ASCII
// one and four typographical ones.
// See https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules.
var quotes = strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019", "\u201A", "\u201A\u201A", "\u201B", "\u201B\u201B")

// Quote returns a PowerShell literal for a text. Nothing in it is expanded, and
// nothing can end it. The texts of a valid configuration are single lines.
func Quote(s string) string { return "'" + quotes.Replace(s) + "'" }

// Filter returns a PowerShell literal with a filter that compares a property with
// a text: the text is quoted for the filter, and the filter for PowerShell.
func Filter(property, operator, text string) string {
	return Quote(property + " " + operator + " " + Quote(text))
}
