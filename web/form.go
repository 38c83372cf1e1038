package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// formMemory is how much of a form with a file is kept in memory.
const formMemory = 4 << 20

// posted reads the body's fields; those of the address do not count.
func posted(c echo.Context) (url.Values, error) {
	r := c.Request()
	var err error
	if isMultipart(r) {
		err = r.ParseMultipartForm(formMemory)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		if tooLarge(err) {
			return nil, err
		}
		return nil, echo.NewHTTPError(http.StatusBadRequest, "The browser sent a form that is not complete. Go back and send it again.").SetInternal(err)
	}
	return r.PostForm, nil
}

// word is a field's text without the spaces around it.
func word(form url.Values, name string) string { return strings.TrimSpace(form.Get(name)) }

// ticked says whether a checkbox was sent.
func ticked(form url.Values, name string) bool { return form.Get(name) == "true" }

// words are the values of a repeated field, without empty ones.
func words(form url.Values, name string) []string {
	var out []string
	for _, value := range form[name] {
		if value = strings.TrimSpace(value); value != "" {
			out = append(out, value)
		}
	}
	return out
}

// indices lists the numbers i that appear in names like "ds.<i>.name", in order.
func indices(form url.Values, prefix string) []int {
	var out []int
	for name := range form {
		rest, ok := strings.CutPrefix(name, prefix+".")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(digits)
		if err == nil && i >= 0 && i < maxItems && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// maxItems bounds the streams and datasets of one form.
const maxItems = 2000

// actionIndex reads the number of an action such as "remove-3".
func actionIndex(action, verb string) (int, bool) {
	digits, ok := strings.CutPrefix(action, verb+"-")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(digits)
	return i, err == nil && i >= 0 && i < maxItems
}

// localPath keeps the path of an address on this site and drops every other.
func localPath(address, host string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != host {
		return "/"
	}
	return safePath(u.RequestURI())
}

// safePath returns the address when it is a path on this site, else "/". A browser
// takes "//x", "/\x" and control characters in between for another site.
func safePath(address string) string {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\") {
		return "/"
	}
	for _, r := range address {
		if r < ' ' || r == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" {
		return "/"
	}
	return address
}

// returnPath is where a form goes after saving, when another form opened it.
func returnPath(form url.Values) string {
	if path := safePath(form.Get("return")); path != "/" {
		return path
	}
	return ""
}

// withParam adds a parameter to a path.
func withParam(path, name, value string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// freeName appends a number to a name that is taken.
func freeName(wanted string, taken []string) string {
	name := wanted
	for i := 2; slices.Contains(taken, name); i++ {
		name = fmt.Sprintf("%s-%d", wanted, i)
	}
	return name
}

// isProposed says whether a name is one that a form proposed, as it is or with a
// number, so that another choice may change it.
func isProposed(name string, proposals []string) bool {
	stem := strings.TrimRight(name, "0123456789")
	return slices.Contains(proposals, name) || slices.Contains(proposals, strings.TrimSuffix(stem, "-"))
}

// names lists what things are called.
func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = name(item)
	}
	return out
}

// matchesQuery says whether one of the texts holds the searched words.
func matchesQuery(query string, texts ...string) bool {
	query = strings.ToLower(strings.TrimSpace(query))
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), query) {
			return true
		}
	}
	return query == ""
}
