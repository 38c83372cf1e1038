package connectors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem says in one sentence what is wrong with a value of the field; empty when it
// is fine. The value of a secret is never part of the sentence.
func (f Field) Problem(value string) string {
	switch {
	case value == "" && f.Required:
		return "is missing: fill it in"
	case value == "":
		return ""
	case strings.ContainsRune(value, 0):
		return "holds a NUL character: take it out"
	case f.Type == FieldNumber:
		return f.numberProblem(value)
	case f.Type == FieldBool && value != "true" && value != "false":
		return "is neither true nor false: write one of them"
	case f.Type == FieldChoice && !slices.Contains(f.Choices, value):
		return fmt.Sprintf("is not one of the choices: use %s", strings.Join(f.Choices, ", "))
	default:
		return ""
	}
}

func (f Field) numberProblem(value string) string {
	number, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return "is not a whole number: write digits only"
	case f.Min != f.Max && (number < f.Min || number > f.Max):
		return fmt.Sprintf("is out of range: use %d to %d", f.Min, f.Max)
	default:
		return ""
	}
}

// FieldProblems checks values against fields and adds what is wrong to problems, each
// under prefix and the name of the field: unknown names, missing and bad values. A
// value that is empty or absent has the field's default.
func FieldProblems(problems Problems, prefix string, fields []Field, values map[string]string) {
	for name := range values {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			problems.Add(prefix+name, "is not known: take it out")
		}
	}
	for _, field := range fields {
		value := values[field.Name]
		if value == "" {
			value = field.Default
		}
		if problem := field.Problem(value); problem != "" {
			problems.Add(prefix+field.Name, problem)
		}
	}
}
