"""Tornado as a peer: one process, one handler, no access log."""

import logging
import sys

import tornado.ioloop
import tornado.web


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write(self.settings["body"])


def main():
    port, body = int(sys.argv[1]), sys.argv[2]
    logging.disable(logging.CRITICAL)
    tornado.web.Application([(r".*", Hello)], body=body).listen(port, "127.0.0.1")
    tornado.ioloop.IOLoop.current().start()


main()
