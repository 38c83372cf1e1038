package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// usage is what one measured command took.
type usage struct {
	wall time.Duration
	cpu  time.Duration
	// peak is the peak memory of the largest process in KiB.
	peak int64
}

// timed runs one command from its start to its exit.
func timed(cmd *exec.Cmd) (usage, error) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, output.String())
	}
	u := used(cmd)
	u.wall = wall
	return u, nil
}

// piped runs producer | consumer.
func piped(producer, consumer *exec.Cmd) (usage, error) {
	var problems bytes.Buffer
	producer.Stderr, consumer.Stderr = &problems, &problems
	pipe, err := producer.StdoutPipe()
	if err != nil {
		return usage{}, fmt.Errorf("make a pipe: %w", err)
	}
	consumer.Stdin = pipe
	start := time.Now()
	if err := producer.Start(); err != nil {
		return usage{}, fmt.Errorf("start the producer: %w", err)
	}
	if err := consumer.Run(); err != nil {
		return usage{}, fmt.Errorf("run the consumer: %w\n%s", err, problems.String())
	}
	if err := producer.Wait(); err != nil {
		return usage{}, fmt.Errorf("run the producer: %w\n%s", err, problems.String())
	}
	wall := time.Since(start)
	a, c := used(producer), used(consumer)
	return usage{wall: wall, cpu: a.cpu + c.cpu, peak: max(a.peak, c.peak)}, nil
}

// used reads the operating system's accounting of a finished process.
func used(cmd *exec.Cmd) usage {
	u := usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if accounting, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = accounting.Maxrss
	}
	return u
}
