package file

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"leat/connectors"
)

// dataError is a file that cannot be read as it should.
func dataError(message, fix string, cause error) *connectors.Error {
	return &connectors.Error{Kind: connectors.Data, Message: message, Fix: fix, Cause: cause}
}

// optionError is a dataset option that is not understood.
func optionError(option, value, fix string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("the option %s is %q, which is not understood", option, value), Fix: fix}
}

// named adds the file's name to an error that does not know it.
func named(name string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	found, ok := errors.AsType[*connectors.Error](err)
	if !ok {
		found = readError(err)
	}
	copied := *found
	copied.Message = fmt.Sprintf("file %q: %s", name, found.Message)
	return &copied
}

// readError sorts errors of reading and unpacking.
func readError(err error) *connectors.Error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case corrupt, errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return dataError("the compressed data is damaged", "Send the file again.", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return dataError("the compressed data ends too early", "Send the whole file again.", err)
	default:
		return &connectors.Error{Kind: connectors.Unreachable, Retryable: true, Message: "the file cannot be read", Fix: "Check the disk or the share that the file is on.", Cause: err}
	}
}
