package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// named returns an error if an answer has a property that its type does not have: such a
// name is a mistake, although schemas allow it.
func (c *Checker) named(route *routers.Route, status int, body []byte) error {
	response := route.Operation.Responses.Value(strconv.Itoa(status))
	if response == nil {
		return nil
	}
	media := response.Value.Content.Get("application/json")
	if media == nil || len(body) == 0 {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	return c.known(media.Schema, v, "answer")
}

// known checks the names in a value of a schema. An object that names its type has the
// properties of that type.
func (c *Checker) known(ref *openapi3.SchemaRef, v any, at string) error {
	if ref == nil || ref.Value == nil {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			if err := c.known(items(ref), one, at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case map[string]any:
		if name, ok := v["@odata.type"].(string); ok {
			if ref = c.doc.Components.Schemas[strings.TrimPrefix(name, "#")]; ref == nil {
				return nil // a type that is not described, such as one derived from another
			}
		}
		all := openapi3.Schemas{}
		properties(ref, all)
		if len(all) == 0 {
			return nil // any object
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if strings.Contains(name, "@") || name == "id" {
				continue // an annotation, or a property of every entity
			}
			p := all[name]
			if p == nil {
				return fmt.Errorf("%s: the type has no property %s", at, name)
			}
			if err := c.known(p, v[name], at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// properties adds the properties of a schema, of the schemas it is derived from, and of
// its alternatives.
func properties(ref *openapi3.SchemaRef, to openapi3.Schemas) {
	maps.Copy(to, ref.Value.Properties)
	for _, part := range ref.Value.AllOf {
		properties(part, to)
	}
	for _, part := range ref.Value.AnyOf {
		properties(part, to)
	}
}

func items(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref.Value.Items != nil {
		return ref.Value.Items
	}
	for _, part := range append(ref.Value.AllOf, ref.Value.AnyOf...) {
		if found := items(part); found != nil {
			return found
		}
	}
	return nil
}
