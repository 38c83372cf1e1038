package testdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
)

// A port that was free a moment ago may be taken by the time the server binds
// it, so a server that ends before it answers gets another one.
const startAttempts = 3

const (
	startTimeout = 2 * time.Minute
	startPoll    = 20 * time.Millisecond
)

// start makes a cluster and returns when it answers.
func start(o Options) (*Server, error) {
	bin, err := findBinaries(o.BinDir)
	if err != nil {
		return nil, err
	}
	s := &Server{Host: "127.0.0.1", Superuser: superuser, Password: newPassword(), BinDir: bin, admin: &admin{}}
	s.cluster, err = newCluster(bin, s.Password, o)
	if err != nil {
		return nil, err
	}
	s.CA = s.cluster.ca
	for range startAttempts {
		if s.Port, err = freePort(); err != nil {
			break
		}
		if err = s.launch(); err != nil {
			continue
		}
		s.SmallDisk = s.cluster.smallDisk()
		if err = s.quickenLogins(); err == nil {
			return s, nil
		}
		break
	}
	return nil, errors.Join(err, s.cluster.remove())
}

// launch starts the server program and waits until it answers.
func (s *Server) launch() error {
	if err := s.cluster.launch(s.Port); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.waitReady(ctx); err != nil {
		return fmt.Errorf("start PostgreSQL on port %d: %w%s",
			s.Port, errors.Join(err, s.cluster.stop(true)), s.cluster.logTail())
	}
	return nil
}

// waitReady tries to log in until it works. The password is random, so another
// server that grabbed the port is never mistaken for this one.
func (s *Server) waitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.cluster.exited:
			return errors.New("the server ended before it answered")
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s: %w", startTimeout, err)
		case <-time.After(startPoll):
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // binding a local port does not wait
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("release port %d: %w", port, err)
	}
	return port, nil
}
