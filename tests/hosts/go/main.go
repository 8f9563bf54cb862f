// A server in Go: looks a customer up, asks for eight more that are never answered, and is stopped.
package main

/*
#cgo LDFLAGS: -lpaynow_bridge
#include <paynow_bridge.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// A Bridge is a client for one store, for one goroutine at a time: the library would take requests from any, the map does not.
type Bridge struct {
	client  C.paynow_client
	waiting map[C.paynow_request_id]func(Answer)
}

// An Answer is how a request ended.
type Answer struct {
	Status     int
	CustomerID string // "" when there is no such customer
	Message    string
}

// last runs a call and turns its failure into an error. paynow_last_error belongs to a thread of the system, and a
// goroutine may move to another one between two calls.
func last(call func() C.paynow_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if call() != C.PAYNOW_OK {
		return errors.New(C.GoString(C.paynow_last_error()))
	}
	return nil
}

// Open makes a client.
func Open(base, storeID, apiKey string) (*Bridge, error) {
	if C.paynow_abi_version() != C.PAYNOW_ABI_VERSION {
		return nil, errors.New("the library is of another version than the header")
	}
	config := C.paynow_client_config{
		struct_size: C.uint32_t(unsafe.Sizeof(C.paynow_client_config{})),
		api_base:    C.CString(base),
		store_id:    C.CString(storeID),
		api_key:     C.CString(apiKey),
	}
	defer C.free(unsafe.Pointer(config.api_base))
	defer C.free(unsafe.Pointer(config.store_id))
	defer C.free(unsafe.Pointer(config.api_key))
	bridge := &Bridge{waiting: map[C.paynow_request_id]func(Answer){}}
	return bridge, last(func() C.paynow_status { return C.paynow_client_create(&config, &bridge.client) })
}

// LookupJavaName asks for a Minecraft player; done runs once, inside Collect or Close.
func (b *Bridge) LookupJavaName(name string, deadline time.Duration, done func(Answer)) error {
	query := C.paynow_lookup_query{
		struct_size:         C.uint32_t(unsafe.Sizeof(C.paynow_lookup_query{})),
		minecraft_java_name: C.CString(name),
	}
	defer C.free(unsafe.Pointer(query.minecraft_java_name))
	call := C.paynow_call{
		struct_size: C.uint32_t(unsafe.Sizeof(C.paynow_call{})),
		deadline_ms: C.uint32_t(deadline.Milliseconds()),
	}
	var request C.paynow_request_id
	err := last(func() C.paynow_status { return C.paynow_lookup_customer(b.client, &query, &call, &request) })
	if err == nil {
		b.waiting[request] = done
	}
	return err
}

// Collect delivers what has finished. It never waits.
func (b *Bridge) Collect() error {
	for {
		var completions [64]C.paynow_completion
		var count C.size_t
		err := last(func() C.paynow_status { return C.paynow_client_next(b.client, 0, &completions[0], 64, &count) })
		if err != nil || count == 0 {
			return err
		}
		for _, completion := range completions[:count] {
			info := C.paynow_completion_info{struct_size: C.uint32_t(unsafe.Sizeof(C.paynow_completion_info{}))}
			customer := C.paynow_customer{struct_size: C.uint32_t(unsafe.Sizeof(C.paynow_customer{}))}
			C.paynow_completion_info_get(completion, &info)
			answer := Answer{Status: int(info.status), Message: C.GoString(info.message)}
			if C.paynow_completion_customer(completion, 0, &customer) == C.PAYNOW_OK {
				answer.CustomerID = C.GoString(customer.id)
			}
			C.paynow_completion_free(completion)
			done := b.waiting[info.request]
			delete(b.waiting, info.request)
			done(answer)
		}
	}
}

// Close ends what is under way, delivers it, and stops the library's threads.
func (b *Bridge) Close() error {
	if err := last(func() C.paynow_status { return C.paynow_client_shutdown(b.client) }); err != nil {
		return err
	}
	if err := b.Collect(); err != nil {
		return err
	}
	return last(func() C.paynow_status { return C.paynow_client_destroy(b.client) })
}

func run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	bridge, err := Open(os.Getenv("PAYNOW_API_BASE"), os.Getenv("PAYNOW_STORE_ID"), os.Getenv("PAYNOW_API_KEY"))
	if err != nil {
		return err
	}
	ended := 0
	err = bridge.LookupJavaName("Notch", 0, func(notch Answer) {
		if notch.Status != C.PAYNOW_OK {
			fmt.Println("paynow:", notch.Message)
			return
		}
		fmt.Println("paynow: Notch is customer", notch.CustomerID)
		for number := 0; number < 8; number++ {
			refused := bridge.LookupJavaName(fmt.Sprintf("hang_%d", number), time.Minute, func(unanswered Answer) {
				if unanswered.Status == C.PAYNOW_E_SHUTDOWN {
					ended++
				}
			})
			if refused != nil {
				fmt.Println("paynow:", refused)
			}
		}
		fmt.Println("paynow: asked for 8 more")
	})
	if err != nil {
		return err
	}
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for running := true; running; {
		select {
		case <-ticks.C:
			if err := bridge.Collect(); err != nil {
				return err
			}
		case <-stop:
			running = false
		}
	}
	if err := bridge.Close(); err != nil {
		return err
	}
	fmt.Printf("paynow: %d of 8 ended with the shutdown\n", ended)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("paynow:", err)
		os.Exit(1)
	}
}
