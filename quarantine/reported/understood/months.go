package understood

import (
	"regexp"
	"strings"
)

// months are the beginnings of the names of months in the languages of the labels. Longer
// ones precede the shorter ones that they begin with.
var months = []struct {
	month int
	names string
}{
	{11, "marras студ studen lapkr"}, {7, "červenc heinä liepos srpnj"}, {6, "červn červen kesä lipnj birž"},
	{1, "jan gen ene янв яну січ sty led tammi oca jän ιαν ian siječ saus ינו يناير มกราคม ม.ค"},
	{2, "feb fév fev фев лют lut úno helmi şub φεβ velja vasar veebr פבר فبراير กุมภาพันธ์"},
	{3, "mar mär maa bře březn мар бер mrt már μαρ ožuj kovo מרץ מרס مارس มีนาคม"},
	{4, "apr avr abr апр кві kwi dub huhti nis ápr απρ trav baland אפר أبريل ابريل เมษายน"},
	{5, "may mai mag maj mei май мая тра kvě touko μαΐ μαι máj svib geguž מאי مايو พฤษภาคม"},
	{6, "jun juin giu июн юни чер czerwca haz jún jūn ιουν iun יונ يونيو มิถุนายน"},
	{7, "jul juil lug июл юли лип lip lipca tem júl jūl ιουλ iul יול يوليو กรกฎาคม"},
	{8, "aug août aou ago agu авг сер sie srp elo ağu αυγ kolov rugpj אוג أغسطس اغسطس สิงหาคม"},
	{9, "sep set сен вер wrz zář syys eyl szept σεπ ruj rugs ספט سبتمبر กันยายน"},
	{10, "oct okt ott out окт жов paź říj loka eki οκτ spal אוק أكتوبر اكتوبر ตุลาคม"},
	{11, "nov noi ноя ное лис lis listopadu kas νοε נוב نوفمبر พฤศจิกายน"},
	{12, "dec dez des déc dic dets дек гру gru pro joulu ara δεκ דצמ ديسمبر ธันวาคม"},
}

// weekdays are names of days that begin like the name of a month.
var weekdays = map[string]bool{
	"mardi": true, "martes": true, "martedì": true, "martedi": true, "marți": true, "marţi": true, "marti": true, "maandag": true, "maanantai": true, "maanantaina": true,
}

// monthIn returns the month that a text names, or 0. If several words may be a month, it is
// the last: the name of a weekday comes first.
func monthIn(text string) int {
	text = strings.ToLower(text)
	if year := fourDigits.FindStringIndex(text); year != nil && strings.HasPrefix(text, "mar") {
		// Tuesday is mar in Romance languages: a word that follows is the month.
		if words := letters.FindAllString(text[:year[0]], 16); len(words) > 1 && words[0] == "mar" && monthOf(words[len(words)-1]) == 0 && len(words[len(words)-1]) > 2 {
			return 0
		}
	}
	found := 0
	for _, word := range letters.FindAllString(text, 16) {
		if m := monthOf(word); m != 0 && !weekdays[word] {
			found = m
		}
	}
	return found
}

var fourDigits = regexp.MustCompile(`\d{4}`)

func monthOf(word string) int {
	word = strings.TrimPrefix(word, "ב") // "in" in Hebrew
	for _, m := range months {
		for name := range strings.FieldsSeq(m.names) {
			if strings.HasPrefix(word, name) {
				return m.month
			}
		}
	}
	return 0
}
