// Renders templates as waitron does: with pongo2, its own filters and tag, and then, for
// what installers fetch, as a format of fmt.Fprintf.
//
// Reads a JSON list of {"folder", "file" or "text", "names", "printf"}, writes one of
// {"text", "error"}.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/flosch/pongo2"
)

type order struct {
	Folder string
	File   string
	Text   string
	Names  map[string]interface{}
	Printf bool
}

type answer struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

type replacing struct {
	text, pattern, replacement pongo2.IEvaluator
}

func (node *replacing) Execute(ctx *pongo2.ExecutionContext, out pongo2.TemplateWriter) *pongo2.Error {
	var found [3]string
	for at, each := range []pongo2.IEvaluator{node.text, node.pattern, node.replacement} {
		value, err := each.Evaluate(ctx)
		if err != nil {
			return err
		}
		found[at] = value.String()
	}
	pattern, err := regexp.Compile(found[1])
	if err != nil {
		return ctx.Error(err.Error(), nil)
	}
	out.WriteString(pattern.ReplaceAllString(found[0], found[2]))
	return nil
}

func parseReplacing(_ *pongo2.Parser, _ *pongo2.Token, arguments *pongo2.Parser) (pongo2.INodeTag, *pongo2.Error) {
	node := &replacing{}
	for _, place := range []*pongo2.IEvaluator{&node.text, &node.pattern, &node.replacement} {
		found, err := arguments.ParseExpression()
		if err != nil {
			return nil, err
		}
		*place = found
	}
	return node, nil
}

// The tests write YAML that is JSON, too.
func fromYAML(in *pongo2.Value, _ *pongo2.Value) (*pongo2.Value, *pongo2.Error) {
	found := map[string]interface{}{}
	if in.String() != "" {
		if err := json.Unmarshal([]byte(in.String()), &found); err != nil {
			return nil, &pongo2.Error{Sender: "filter:from_yaml", OrigError: err}
		}
	}
	return pongo2.AsValue(found), nil
}

func key(in *pongo2.Value, name *pongo2.Value) (*pongo2.Value, *pongo2.Error) {
	found, _ := in.Interface().(map[string]interface{})
	return pongo2.AsValue(found[name.String()]), nil
}

// JSON has one kind of number; what is whole is an int in waitron.
func whole(found interface{}) interface{} {
	switch value := found.(type) {
	case float64:
		return int(value)
	case map[string]interface{}:
		for name, inner := range value {
			value[name] = whole(inner)
		}
	}
	return found
}

func rendered(asked order) (string, error) {
	loader, err := pongo2.NewLocalFileSystemLoader("")
	if err != nil {
		return "", err
	}
	set := pongo2.NewSet("waitron", loader)
	var template *pongo2.Template
	if asked.File != "" {
		template, err = set.FromFile(filepath.Join(asked.Folder, asked.File))
	} else {
		template, err = set.FromString(asked.Text)
	}
	if err != nil {
		return "", err
	}
	whole(asked.Names)
	text, err := template.Execute(asked.Names)
	if err == nil && asked.Printf {
		text = fmt.Sprintf(text)
	}
	return text, err
}

func main() {
	pongo2.RegisterTag("regex_replace", parseReplacing)
	pongo2.RegisterFilter("from_yaml", fromYAML)
	pongo2.RegisterFilter("key", key)
	var orders []order
	if err := json.NewDecoder(os.Stdin).Decode(&orders); err != nil {
		panic(err)
	}
	answers := []answer{}
	for _, each := range orders {
		text, err := rendered(each)
		if err != nil {
			answers = append(answers, answer{"", err.Error()})
		} else {
			answers = append(answers, answer{text, ""})
		}
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}
