package web

import (
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/ui/page"
)

// The largest bodies in bytes: of people who are not logged in, of forms, and of forms
// with a file.
const (
	maxStranger = 64 << 10
	maxForm     = 2 << 20
	maxUpload   = 256 << 20
)

// mostBody is the largest body that the route takes from whom it lets in. Only a form
// that may carry a file, sent as multipart, may be large.
func (r route) mostBody(multipart bool) int64 {
	takesFile := r.method == http.MethodPost && (r.path == page.SourcesPath || r.path == page.One(page.SourcesPath, ":id"))
	switch {
	case r.needs == public:
		return maxStranger
	case takesFile && multipart:
		return maxUpload
	default:
		return maxForm
	}
}

func isMultipart(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get(echo.HeaderContentType), echo.MIMEMultipartForm)
}

// keyBody is where limitBody leaves the body without a limit.
const keyBody = "body"

// limitBody bounds what can be read of the body from here on. As long as nothing was
// read, a second limit takes the place of the first.
func limitBody(c echo.Context, limit int64) {
	whole, ok := c.Get(keyBody).(io.ReadCloser)
	if !ok {
		whole = c.Request().Body
		c.Set(keyBody, whole)
	}
	c.Request().Body = http.MaxBytesReader(c.Response().Writer, whole, limit)
}

// removeSentFiles removes what a form with a file left in the temporary folder. The
// server of net/http would do it for the request that it made, which is not the one
// that carries the session.
func (s *Server) removeSentFiles(c echo.Context) {
	form := c.Request().MultipartForm
	if form == nil {
		return
	}
	if err := form.RemoveAll(); err != nil {
		s.Log.Warn("remove a sent file from the temporary folder", "error", err)
	}
}
