package understood

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// jsonLines returns the values of a text that is a JSON object, as some buttons write it,
// each on a line after its name.
func jsonLines(text string) (lines []string, ok bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return nil, false
	}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return nil, false
	}
	var walk func(name string, value any, depth int)
	walk = func(name string, value any, depth int) {
		if len(lines) >= maxLines || depth > 8 {
			return
		}
		switch v := value.(type) {
		case string:
			// A value is one line: text after a line end in it is not a label.
			lines = append(lines, clean(name)+": "+clean(v))
		case []any:
			for _, one := range v {
				walk(name, one, depth+1)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(key, v[key], depth+1)
			}
		case nil:
		default:
			lines = append(lines, clean(name)+": "+fmt.Sprint(v))
		}
	}
	walk("", object, 0)
	return lines, true
}
