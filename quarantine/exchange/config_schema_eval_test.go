package exchange_test

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// evaluator validates values against a JSON Schema, with the keywords that this
// project uses. An unknown keyword is an error, not ignored.
type evaluator struct {
	root     map[string]any
	keywords map[string]assertion
}

func newEvaluator(root map[string]any) *evaluator {
	return &evaluator{root: root, keywords: assertions()}
}

// annotations are keywords that do not affect validity.
var annotations = []string{"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "format", "writeOnly", "then", "else"}

// assertion reports whether a value satisfies one keyword of a schema.
type assertion = func(e *evaluator, schema map[string]any, keyword, value any) (bool, error)

// assertions are the supported keywords.
func assertions() map[string]assertion {
	return map[string]assertion{
		"$ref": func(e *evaluator, _ map[string]any, ref, v any) (bool, error) {
			name, ok := strings.CutPrefix(ref.(string), "#/$defs/")
			schema, found := e.root["$defs"].(map[string]any)[name]
			if !ok || !found {
				return false, fmt.Errorf("$ref %v leads nowhere", ref)
			}
			return e.valid(schema, v)
		},
		"type": func(_ *evaluator, _ map[string]any, want, v any) (bool, error) {
			switch want {
			case "object", "array", "string", "boolean":
				return typeOf(v) == want, nil
			case "integer":
				n, ok := v.(float64)
				return ok && n == math.Trunc(n), nil
			}
			return false, fmt.Errorf("type %v is not known", want)
		},
		"const": func(_ *evaluator, _ map[string]any, want, v any) (bool, error) {
			return reflect.DeepEqual(want, v), nil
		},
		"enum": func(_ *evaluator, _ map[string]any, all, v any) (bool, error) {
			return slices.ContainsFunc(all.([]any), func(w any) bool { return reflect.DeepEqual(w, v) }), nil
		},
		"minLength": ofText(func(n float64, s string) bool { return utf8.RuneCountInString(s) >= int(n) }),
		"maxLength": ofText(func(n float64, s string) bool { return utf8.RuneCountInString(s) <= int(n) }),
		"pattern": func(_ *evaluator, _ map[string]any, p, v any) (bool, error) {
			re, err := regexp.Compile(p.(string))
			s, ok := v.(string)
			return err == nil && (!ok || re.MatchString(s)), err
		},
		"minimum":  ofNumber(func(n, v float64) bool { return v >= n }),
		"maximum":  ofNumber(func(n, v float64) bool { return v <= n }),
		"minItems": ofList(func(n any, l []any) bool { return float64(len(l)) >= n.(float64) }),
		"maxItems": ofList(func(n any, l []any) bool { return float64(len(l)) <= n.(float64) }),
		"uniqueItems": ofList(func(want any, l []any) bool {
			for i, v := range l {
				if want == true && slices.ContainsFunc(l[:i], func(w any) bool { return reflect.DeepEqual(v, w) }) {
					return false
				}
			}
			return true
		}),
		"items": func(e *evaluator, _ map[string]any, schema, v any) (bool, error) {
			l, _ := v.([]any)
			return e.all(len(l), func(i int) (bool, error) { return e.valid(schema, l[i]) })
		},
		"properties": func(e *evaluator, _ map[string]any, schemas, v any) (bool, error) {
			o, _ := v.(map[string]any)
			names := slices.Sorted(maps.Keys(o))
			return e.all(len(names), func(i int) (bool, error) {
				schema, ok := schemas.(map[string]any)[names[i]]
				if !ok {
					return true, nil
				}
				return e.valid(schema, o[names[i]])
			})
		},
		"additionalProperties": func(_ *evaluator, schema map[string]any, allowed, v any) (bool, error) {
			o, _ := v.(map[string]any)
			if allowed != false {
				return false, fmt.Errorf("additionalProperties %v is not known", allowed)
			}
			for name := range o {
				if _, ok := schema["properties"].(map[string]any)[name]; !ok {
					return false, nil
				}
			}
			return true, nil
		},
		"required": func(_ *evaluator, _ map[string]any, names, v any) (bool, error) {
			o, isObject := v.(map[string]any)
			for _, name := range names.([]any) {
				if _, ok := o[name.(string)]; isObject && !ok {
					return false, nil
				}
			}
			return true, nil
		},
		"allOf": func(e *evaluator, _ map[string]any, schemas, v any) (bool, error) {
			all := schemas.([]any)
			return e.all(len(all), func(i int) (bool, error) { return e.valid(all[i], v) })
		},
		"anyOf": func(e *evaluator, _ map[string]any, schemas, v any) (bool, error) {
			one := false
			for _, schema := range schemas.([]any) {
				ok, err := e.valid(schema, v)
				if err != nil {
					return false, err
				}
				one = one || ok
			}
			return one, nil
		},
		"not": func(e *evaluator, _ map[string]any, schema, v any) (bool, error) {
			ok, err := e.valid(schema, v)
			return !ok, err
		},
		"if": func(e *evaluator, schema map[string]any, condition, v any) (bool, error) {
			holds, err := e.valid(condition, v)
			if err != nil {
				return false, err
			}
			branch, ok := schema[map[bool]string{true: "then", false: "else"}[holds]]
			if !ok {
				return true, nil
			}
			return e.valid(branch, v)
		},
	}
}

// typeOf returns the JSON type name of a value.
func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	}
	return "null"
}

// ofText is an assertion about strings, which other values always satisfy.
func ofText(holds func(n float64, s string) bool) assertion {
	return func(_ *evaluator, _ map[string]any, n, v any) (bool, error) {
		s, ok := v.(string)
		return !ok || holds(n.(float64), s), nil
	}
}

func ofNumber(holds func(n, v float64) bool) assertion {
	return func(_ *evaluator, _ map[string]any, n, v any) (bool, error) {
		f, ok := v.(float64)
		return !ok || holds(n.(float64), f), nil
	}
}

func ofList(holds func(n any, l []any) bool) assertion {
	return func(_ *evaluator, _ map[string]any, n, v any) (bool, error) {
		l, ok := v.([]any)
		return !ok || holds(n, l), nil
	}
}

func (e *evaluator) all(n int, holds func(i int) (bool, error)) (bool, error) {
	for i := range n {
		if ok, err := holds(i); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// valid reports whether a value satisfies a schema.
func (e *evaluator) valid(schema, v any) (bool, error) {
	o, ok := schema.(map[string]any)
	if !ok {
		return false, fmt.Errorf("%v is no schema", schema)
	}
	valid := true
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(annotations, name) {
			continue
		}
		f, known := e.keywords[name]
		if !known {
			return false, fmt.Errorf("the keyword %q is not known", name)
		}
		ok, err := f(e, o, o[name], v)
		if err != nil {
			return false, err
		}
		valid = valid && ok
	}
	return valid, nil
}
