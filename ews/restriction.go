package ews

// Restriction selects items or folders by their properties on the server. A server
// accepts at most 255 nodes. A restriction with more nodes, or nested more than 40 deep,
// is not sent.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/restriction.
type Restriction interface{ restriction() }

// And matches what all of its members match. It needs at least one member; with only one
// it is equivalent to that member.
type And []Restriction

// Or matches what any of its members matches.
type Or []Restriction

// Not matches what its member does not match.
type Not struct{ Restriction Restriction }

// Exists matches items that have the property.
type Exists struct{ Property PropertyPath }

// Compare matches items whose property has the given relation to a constant. Value is
// text as is, a time as from [FormatTime], or binary data as base64.
type Compare struct {
	Op       CompareOp
	Property PropertyPath
	Value    string
}

// CompareOp is the relation of a [Compare].
type CompareOp string

// Relations.
const (
	IsEqualTo              CompareOp = "IsEqualTo"
	IsNotEqualTo           CompareOp = "IsNotEqualTo"
	IsGreaterThan          CompareOp = "IsGreaterThan"
	IsGreaterThanOrEqualTo CompareOp = "IsGreaterThanOrEqualTo"
	IsLessThan             CompareOp = "IsLessThan"
	IsLessThanOrEqualTo    CompareOp = "IsLessThanOrEqualTo"
)

// Contains matches items whose text property contains a constant.
type Contains struct {
	Property   PropertyPath
	Value      string
	Mode       ContainmentMode       // default: ModeSubstring
	Comparison ContainmentComparison // default: ComparisonExact
}

// ContainmentMode determines where a [Contains] looks.
type ContainmentMode string

// Containment modes.
const (
	ModeFullString ContainmentMode = "FullString" // the whole text is the constant
	ModePrefixed   ContainmentMode = "Prefixed"   // the text begins with the constant
	ModeSubstring  ContainmentMode = "Substring"  // the text contains the constant anywhere
)

// ContainmentComparison determines how a [Contains] compares.
type ContainmentComparison string

// Containment comparisons.
const (
	ComparisonExact      ContainmentComparison = "Exact"      // case matters
	ComparisonIgnoreCase ContainmentComparison = "IgnoreCase" // case does not matter
)

func (And) restriction()      {}
func (Or) restriction()       {}
func (Not) restriction()      {}
func (Exists) restriction()   {}
func (Compare) restriction()  {}
func (Contains) restriction() {}

// SortField orders items by one property.
type SortField struct {
	Property   PropertyPath
	Descending bool
}
