package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"leat/dial"
)

// versionCommand prints the version.
type versionCommand struct{}

// Run prints the version of the program and of Go.
func (c *versionCommand) Run(a *app) error {
	return a.print(map[string]string{"version": version, "go": runtime.Version()}, func(w io.Writer) {
		fmt.Fprintf(w, "leat %s (%s)\n", version, runtime.Version())
	})
}

// healthcheckCommand is what a container asks itself.
type healthcheckCommand struct {
	Address string `default:"127.0.0.1:8080" help:"Where the server listens."`
}

// Run exits 0 when the server answers that it is ready.
func (c *healthcheckCommand) Run(a *app) error {
	ctx, cancel := context.WithTimeout(a.ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Address+"/readyz", nil)
	if err != nil {
		return usage("the address %q is not host:port", c.Address)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial.New(dial.Options{Policy: dial.DefaultPolicy()}).DialContext}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not ready: it answered %s", c.Address, response.Status)
	}
	return nil
}
