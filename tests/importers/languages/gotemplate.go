// Renders templates as Matchbox does: by text/template, where a missing name is an error.
//
// Reads {"text", "names"} as JSON, writes what comes out.
package main

import (
	"encoding/json"
	"os"
	"text/template"
)

func main() {
	var asked struct {
		Text  string
		Names map[string]interface{}
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	parsed := template.Must(template.New("").Option("missingkey=error").Parse(asked.Text))
	if err := parsed.Execute(os.Stdout, asked.Names); err != nil {
		panic(err)
	}
}
