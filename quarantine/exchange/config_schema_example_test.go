package exchange_test

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// With the schema, an editor can complete and check configuration files.
func ExampleConfigSchema() {
	var schema struct {
		Draft string `json:"$schema"`
		Defs  struct {
			Config struct {
				Required   []string
				Properties map[string]struct{ Description string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(exchange.ConfigSchema(), &schema); err != nil {
		log.Fatal(err)
	}
	fmt.Println(schema.Draft)
	fmt.Println(schema.Defs.Config.Required)
	fmt.Println(schema.Defs.Config.Properties["name"].Description)
	// Output:
	// https://json-schema.org/draft/2020-12/schema
	// [authentication]
	// name is the name of the organisation in receipts and messages.
}
