// The bench's fastest reference: a consumer in Go that is as safe to repeat as the stream.
//
// It reads by franz-go, judges, and stores rows by binary COPY with the offsets in the same transaction. It does not
// do the rest of the stream's work: rejected records are dropped, nothing is accounted for, no hour is noted.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	maxRecordsPerCopy = 50_000
	copyRows          = "copy heartbeats (customer_id, heart_rate, event_time, risk_level) from stdin (format binary)"
	moveOffsets       = `insert into bench_offsets (consumers, partition, next_offset) values ($1, $2, $3)
		on conflict (consumers, partition) do update set next_offset = excluded.next_offset`
)

// PostgreSQL counts its timestamps from here.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

var copyHeader = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)

type task struct {
	consumers  string
	partitions []int32
	gather     time.Duration
	levels     []string
}

func main() {
	consumers := flag.String("consumers", "", "whose offsets these are")
	partitions := flag.String("partitions", "", "which partitions to read, as 0,1,2")
	levels := flag.String("levels", "", "the risk level of each rate from 0 bpm on, parted by commas")
	gather := flag.Duration("gather", 20*time.Millisecond, "how long to gather behind the first record")
	tasks := flag.Int("tasks", 2, "how many read side by side")
	flag.Parse()
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	shares := make([][]int32, *tasks)
	for place, text := range strings.Split(*partitions, ",") {
		partition, err := strconv.ParseInt(text, 10, 32)
		must(err)
		shares[place%*tasks] = append(shares[place%*tasks], int32(partition))
	}
	var running sync.WaitGroup
	for _, share := range shares {
		if len(share) == 0 {
			continue
		}
		running.Go(func() {
			task{*consumers, share, *gather, strings.Split(*levels, ",")}.run(stopping)
		})
	}
	running.Wait()
}

func (t task) run(stopping context.Context) {
	database, err := pgx.Connect(context.Background(), os.Getenv("BENCH_DATABASE"))
	must(err)
	defer database.Close(context.Background())
	client := t.openClient(database)
	defer client.Close()
	rows := make([]byte, 0, 1<<22)
	for stopping.Err() == nil {
		records := t.gatherRecords(stopping, client)
		if len(records) == 0 {
			continue
		}
		rows = append(rows[:0], copyHeader...)
		next := map[int32]int64{}
		for _, record := range records {
			rows = t.appendRow(rows, record.Value)
			next[record.Partition] = record.Offset + 1
		}
		must(t.store(database, append(rows, 0xff, 0xff), next))
	}
}

func (t task) openClient(database *pgx.Conn) *kgo.Client {
	starts := map[int32]kgo.Offset{}
	for _, partition := range t.partitions {
		starts[partition] = kgo.NewOffset().At(t.nextOffset(database, partition))
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("KAFKA_BROKER")),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{os.Getenv("KAFKA_TOPIC"): starts}),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	must(err)
	return client
}

func (t task) nextOffset(database *pgx.Conn, partition int32) int64 {
	var next int64
	err := database.QueryRow(context.Background(),
		"select coalesce(max(next_offset), 0) from bench_offsets where consumers = $1 and partition = $2",
		t.consumers, partition).Scan(&next)
	must(err)
	return next
}

// gatherRecords waits for a record, then takes what comes within the time for gathering.
func (t task) gatherRecords(stopping context.Context, client *kgo.Client) []*kgo.Record {
	records := polled(stopping, client, maxRecordsPerCopy)
	if len(records) == 0 {
		return nil
	}
	gathering, end := context.WithTimeout(stopping, t.gather)
	defer end()
	for len(records) < maxRecordsPerCopy && gathering.Err() == nil {
		records = append(records, polled(gathering, client, maxRecordsPerCopy-len(records))...)
	}
	return records
}

func polled(within context.Context, client *kgo.Client, most int) []*kgo.Record {
	fetches := client.PollRecords(within, most)
	if within.Err() == nil {
		must(fetches.Err())
	}
	return fetches.Records()
}

func (t task) store(database *pgx.Conn, rows []byte, next map[int32]int64) error {
	background := context.Background()
	transaction, err := database.Begin(background)
	if err != nil {
		return err
	}
	if _, err := database.PgConn().CopyFrom(background, bytes.NewReader(rows), copyRows); err != nil {
		return err
	}
	for partition, offset := range next {
		if _, err := transaction.Exec(background, moveOffsets, t.consumers, partition, offset); err != nil {
			return err
		}
	}
	return transaction.Commit(background)
}

type event struct {
	CustomerID string    `json:"customer_id"`
	HeartRate  int       `json:"heart_rate"`
	Timestamp  time.Time `json:"timestamp"`
}

// appendRow adds a valid reading as a row of binary COPY, and nothing for any other record.
func (t task) appendRow(rows, value []byte) []byte {
	var read event
	if !parseUsual(value, &read) && json.Unmarshal(value, &read) != nil {
		return rows
	}
	customer, err := hex.DecodeString(strings.ReplaceAll(read.CustomerID, "-", ""))
	if err != nil || len(customer) != 16 || read.HeartRate < 30 || read.HeartRate >= len(t.levels) {
		return rows
	}
	level := t.levels[read.HeartRate]
	rows = binary.BigEndian.AppendUint16(rows, 4)
	rows = append(binary.BigEndian.AppendUint32(rows, 16), customer...)
	rows = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(rows, 4), uint32(read.HeartRate))
	micros := read.Timestamp.Sub(postgresEpoch).Microseconds()
	rows = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(rows, 8), uint64(micros))
	return append(binary.BigEndian.AppendUint32(rows, uint32(len(level))), level...)
}

var usualParts = [][]byte{[]byte(`{"customer_id":"`), []byte(`","heart_rate":`), []byte(`,"timestamp":"`), []byte(`Z"}`)}

// parseUsual reads a compact record with its fields in the usual order; false means that it is another one.
func parseUsual(value []byte, into *event) bool {
	var fields [3][]byte
	rest, found := bytes.CutPrefix(value, usualParts[0])
	for place := range fields {
		if !found {
			return false
		}
		fields[place], rest, found = bytes.Cut(rest, usualParts[place+1])
	}
	if !found || len(rest) != 0 {
		return false
	}
	bpm, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return false
	}
	at, isUsual := parseTime(fields[2])
	*into = event{string(fields[0]), bpm, at}
	return isUsual
}

// parseTime reads 2026-11-25T08:00:00 with up to nine digits of a second's fraction.
func parseTime(text []byte) (time.Time, bool) {
	if len(text) < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	numbers := [7]int{}
	for place, bounds := range [6][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		for _, letter := range text[bounds[0]:bounds[1]] {
			if letter < '0' || letter > '9' {
				return time.Time{}, false
			}
			numbers[place] = numbers[place]*10 + int(letter-'0')
		}
	}
	if len(text) > 19 {
		digit := 100_000_000
		for _, letter := range text[20:] {
			if letter < '0' || letter > '9' {
				return time.Time{}, false
			}
			numbers[6] += int(letter-'0') * digit
			digit /= 10
		}
	}
	at := time.Date(numbers[0], time.Month(numbers[1]), numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], time.UTC)
	// A day that the month does not have has rolled over.
	return at, at.Day() == numbers[2] && numbers[3] < 24 && numbers[4] < 60 && numbers[5] < 60
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
