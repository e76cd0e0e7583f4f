package mailstore

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// cultures maps the numbers in PidTagMessageLocaleId to names of cultures ([MS-LCID],
// section 2.2). It has those of the languages that Exchange itself supports.
var cultures = map[int64]string{
	0x0001: "ar", 0x0002: "bg", 0x0003: "ca", 0x0004: "zh-Hans", 0x0005: "cs", 0x0006: "da", 0x0007: "de", 0x0008: "el", 0x0009: "en",
	0x000A: "es", 0x000B: "fi", 0x000C: "fr", 0x000D: "he", 0x000E: "hu", 0x000F: "is", 0x0010: "it", 0x0011: "ja", 0x0012: "ko",
	0x0013: "nl", 0x0014: "no", 0x0015: "pl", 0x0016: "pt", 0x0018: "ro", 0x0019: "ru", 0x001A: "hr", 0x001B: "sk", 0x001D: "sv",
	0x001E: "th", 0x001F: "tr", 0x0020: "ur", 0x0021: "id", 0x0022: "uk", 0x0024: "sl", 0x0025: "et", 0x0026: "lv", 0x0027: "lt",
	0x0029: "fa", 0x002A: "vi", 0x002D: "eu", 0x0039: "hi", 0x003E: "ms", 0x003F: "kk",
	0x0401: "ar-SA", 0x0402: "bg-BG", 0x0403: "ca-ES", 0x0404: "zh-TW", 0x0405: "cs-CZ", 0x0406: "da-DK", 0x0407: "de-DE", 0x0408: "el-GR",
	0x0409: "en-US", 0x040B: "fi-FI", 0x040C: "fr-FR", 0x040D: "he-IL", 0x040E: "hu-HU", 0x040F: "is-IS", 0x0410: "it-IT", 0x0411: "ja-JP",
	0x0412: "ko-KR", 0x0413: "nl-NL", 0x0414: "nb-NO", 0x0415: "pl-PL", 0x0416: "pt-BR", 0x0418: "ro-RO", 0x0419: "ru-RU", 0x041A: "hr-HR",
	0x041B: "sk-SK", 0x041D: "sv-SE", 0x041E: "th-TH", 0x041F: "tr-TR", 0x0421: "id-ID", 0x0422: "uk-UA", 0x0424: "sl-SI", 0x0425: "et-EE",
	0x0426: "lv-LV", 0x0427: "lt-LT", 0x0429: "fa-IR", 0x042A: "vi-VN", 0x042D: "eu-ES", 0x0439: "hi-IN", 0x043E: "ms-MY", 0x043F: "kk-KZ",
	0x0804: "zh-CN", 0x0807: "de-CH", 0x0809: "en-GB", 0x080A: "es-MX", 0x080C: "fr-BE", 0x0810: "it-CH", 0x0813: "nl-BE", 0x0816: "pt-PT",
	0x0C07: "de-AT", 0x0C09: "en-AU", 0x0C0A: "es-ES", 0x0C0C: "fr-CA", 0x1009: "en-CA", 0x100C: "fr-CH", 0x1809: "en-IE",
}

// standardCulture is the culture of an item that does not specify one.
const standardCulture = "en-US"

// Culture returns the property for the name of a culture, such as de-DE, and whether
// the store knows it.
func Culture(name string) (ews.ExtendedProperty, bool) {
	for number, known := range cultures {
		if strings.EqualFold(known, name) {
			b := builder{}
			b.int(TagLocale, number)
			return b[TagLocale], true
		}
	}
	return ews.ExtendedProperty{}, false
}

// Culture returns the name of the culture of the item.
func (it *Item) Culture() string {
	if name := cultures[it.Properties().Int(TagLocale)]; name != "" {
		return name
	}
	return standardCulture
}
