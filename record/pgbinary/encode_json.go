package pgbinary

import "encoding/json"

// checkJSON finds what the server would refuse in a json text.
func checkJSON(text string) string {
	if problem := checkText(text); problem != "" {
		return problem
	}
	if !json.Valid([]byte(text)) {
		return "the text is not valid JSON"
	}
	return ""
}
