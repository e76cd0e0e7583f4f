#!/usr/bin/python3
"""Judges from outside: clients that others have written, against examples/exchange.

    judges.py [-only WORD]... [-jobs N] EXCHANGE EWSQ NODE

EXCHANGE and EWSQ are the programs of examples, NODE a folder with the packages of
package.json. Each judge runs with each sign-in and transport, against a server of its
own, and is a row of the table at the end. -only keeps the rows that have all WORDs, -jobs
says how many run at once.
internal/interop/run makes all of it. The status is 0 if every row passed.
"""

import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile
import time

from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CLIENTS = {'exchangelib': 'exchangelib', 'DavMail': 'davmail', 'ews-javascript-api': 'ewsjs'}
PLACES = [(auth, tls) for auth in ('basic', 'ntlm') for tls in (False, True)]


def rows():
    """Yields name, command, sign-in, TLS and flags of the server."""
    for auth, tls in PLACES:
        for name, module in CLIENTS.items():
            yield f'{name}: mail', ['walk.py', module], auth, tls, ()
            yield f'{name}: crossing over', ['crossing.py', module], auth, tls, ()
        yield 'exchangelib: the rest', ['exchangelib_whole.py'], auth, tls, ()
        yield 'ews-javascript-api: streaming', ['ewsjs_stream.py'], auth, tls, ()
    yield 'exchangelib: oddities', ['exchangelib_whole.py', 'odd'], 'basic', False, ('-odd=all,twoAnswers',)


def run(args, name, command, auth, tls, flags):
    """Runs a judge, and returns how many checks it passed, and what it said if it failed."""
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(work, 'exchange.log')
        with Server(args.exchange, ROOT, log, auth, tls, *flags) as server:
            env = server.environment(auth, ROOT, work)
            env.update(JUDGE_EWSQ=args.ewsq, JUDGE_NODE=args.node, PYTHONDONTWRITEBYTECODE='1')
            with open(os.path.join(work, 'judge.log'), 'w+') as out:
                judge = subprocess.Popen(
                    [sys.executable, os.path.join(HERE, command[0]), *command[1:]], env=env, cwd=work,
                    stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
                try:
                    status = judge.wait(args.patience)
                except subprocess.TimeoutExpired:
                    status = 'none: it took too long'
                end(judge)
                out.seek(0)
                said = out.read()
        checks = sum(line.startswith('  ok  ') for line in said.splitlines())
        if status == 0 and checks > 0:
            return checks, ''
        return checks, f'{said}\nstatus {status}\n{tails(work)}'


def end(judge):
    """Ends a judge with all that it has started, such as a gateway that nobody closed."""
    try:
        os.killpg(judge.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # nothing is left
    judge.wait()


def tails(work):
    """The ends of the logs that a judge has left."""
    text = ''
    for name in ('exchange.log', 'davmail.log', 'davmail.out'):
        path = os.path.join(work, name)
        if os.path.exists(path):
            with open(path, errors='replace') as f:
                text += f'\n{name}:\n' + ''.join(f.readlines()[-60:])
    return text


def title(row):
    name, _, auth, tls, _ = row
    return f'{name:<34} {auth:<5}  {"TLS" if tls else "HTTP":<4}'


def judged(args, row):
    """Returns the line of a row, and what went wrong."""
    begin = time.monotonic()
    checks, trouble = run(args, *row)
    return f'{title(row)}  {checks:>3} checks  {time.monotonic() - begin:>4.0f} s  {"FAILED" if trouble else "ok"}', trouble


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-only', action='append', default=[])
    parser.add_argument('-jobs', type=int, default=4)
    parser.add_argument('-patience', type=int, default=300, help='seconds that one judge may take')
    parser.add_argument('exchange')
    parser.add_argument('ewsq')
    parser.add_argument('node')
    args = parser.parse_args()
    chosen = [row for row in rows() if all(word in title(row) for word in args.only)]
    table, failed = [], 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, concurrent.futures.ThreadPoolExecutor(4) as waiting:
        # Those of streaming wait for most of their time, and need no processor.
        verdicts = [(waiting if 'streaming' in title(row) else pool).submit(judged, args, row) for row in chosen]
        for verdict in verdicts:
            line, trouble = verdict.result()
            table.append(line)
            print(line, flush=True)
            if trouble:
                failed += 1
                print(trouble, flush=True)
    print(f'\n{"client":<34} sign-in  transport')
    print('\n'.join(table))
    print(f'interop: {len(table) - failed} passed, {failed} failed')
    return 1 if failed or not table else 0


if __name__ == '__main__':
    sys.exit(main())
