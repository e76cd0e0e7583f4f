"""Measures what taking a message costs the client: ewsq, plain encoding/xml and exchangelib,
each against examples/exchange with as many mailboxes and messages; and what the requests of ewsq cost
plain net/http and encoding/xml, which make them again and decode the same answers. Prints
lines that go test -bench would print."""

import json
import os
import resource
import subprocess
import sys
import time

from server import Server


def main(mailboxes, latency, concurrency, each, exchange, ewsq, plainxml, work):
    here = os.path.dirname(os.path.abspath(__file__))
    for peer in ('ewsq', 'plainxml', 'exchangelib'):
        targets = f'{work}/{peer}.csv'
        with Server(
                exchange, f'{here}/../..', f'{work}/{peer}.log', 'basic', False,
                '-fill', f'{mailboxes}x{each}', '-targets', targets, '-latency', latency) as server:
            only = f'{work}/{peer}-filled.csv'
            fill(targets, only)
            command = {
                'ewsq': [ewsq, '-config', configured(server.url, work), 'quarantine', '-targets', only, '-concurrency', concurrency],
                'plainxml': [plainxml, server.url, 'svc', only, concurrency],
                'exchangelib': ['/usr/bin/python3', f'{here}/naive.py', server.url, 'svc', only],
            }[peer]
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            with open(f'{work}/{peer}.out', 'w') as out:
                status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode
            took = time.monotonic() - begin
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if status != 0:
                with open(f'{work}/{peer}.out') as out:
                    raise SystemExit(f'{peer} ended with status {status}: {out.read()[-2000:]}')
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with open(f'{work}/{peer}.log') as log:
            requests = sum('operation' in line for line in log)
        report(peer, mailboxes, latency, 1 if peer == 'exchangelib' else concurrency, each, took, processor, requests)
    replay(mailboxes, latency, concurrency, each, exchange, ewsq, plainxml, work)


def report(peer, mailboxes, latency, concurrency, each, took, processor, requests):
    n = int(mailboxes) * int(each)
    print(
        f'BenchmarkPeers/peer={peer}/mailboxes={mailboxes}/each={each}/latency={latency}/concurrency={concurrency}\t1\t'
        f'{took * 1e9 / n:.0f} ns/op\t{processor * 1e3 / n:.3f} cpu-ms/message\t{requests / n:.2f} round-trips/message\t{n / took * 60:.0f} messages/min',
        flush=True)


def replay(mailboxes, latency, concurrency, each, exchange, ewsq, plainxml, work):
    """ewsq once more, whose requests and answers are captured; then these, by encoding/xml."""
    here = os.path.dirname(os.path.abspath(__file__))
    captured, targets, only = f'{work}/captured', f'{work}/replay.csv', f'{work}/replay-filled.csv'
    os.mkdir(captured)
    os.environ['EWSTEST_CAPTURE'] = captured
    with Server(exchange, f'{here}/../..', f'{work}/replay.log', 'basic', False, '-fill', f'{mailboxes}x{each}', '-targets', targets) as server:
        fill(targets, only)
        os.remove(f'{work}/journal.db')  # it knows the mailboxes of the other server
        with open(f'{work}/captured.out', 'w') as out:
            subprocess.run(
                [ewsq, '-config', configured(server.url, work), 'quarantine', '-targets', only, '-concurrency', concurrency],
                stdout=out, stderr=subprocess.STDOUT, check=True)
    del os.environ['EWSTEST_CAPTURE']
    answers = subprocess.Popen([plainxml, 'answers', captured, latency], stdout=subprocess.PIPE, text=True)
    try:
        begin = time.monotonic()
        told = subprocess.run(
            [plainxml, 'replay', answers.stdout.readline().strip(), captured, concurrency],
            stdout=subprocess.PIPE, text=True, check=True).stdout.split()  # N requests S cpu-s
        took = time.monotonic() - begin
    finally:
        answers.kill()
        answers.wait()
    report('replay', mailboxes, latency, concurrency, each, took, float(told[2]), int(told[0]))


def fill(targets, only):
    """Copies the targets without those of testdata/mail."""
    with open(targets) as all_of_them, open(only, 'w') as some:
        some.writelines(line for line in all_of_them if line.startswith(('mailbox,', 'user')))


def configured(url, work):
    name = f'{work}/config.json'
    with open(name, 'w') as f:
        json.dump({
            'ewsUrl': url, 'quarantineMailbox': 'quarantine@example.test', 'access': 'fullAccess', 'allowPlainHTTP': True,
            'authentication': {'type': 'basic', 'username': 'EXAMPLE\\svc', 'password': 'svc-password'},
            'journalFile': f'{work}/journal.db',
            'throttling': {'unlimited': True},  # as this server is: else the preset bounds a run with many mailboxes, or on a busy machine
        }, f)
    return name


if __name__ == '__main__':
    main(*sys.argv[1:])
