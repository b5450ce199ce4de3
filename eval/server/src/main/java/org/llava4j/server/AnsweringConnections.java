package org.llava4j.server;

import java.util.HashSet;
import java.util.Set;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Connections on which answers are generated or sent. While the server stops they keep their idle time, so that a client
 * that pauses still receives its answer; all others get a short one, so that they close soon.
 */
final class AnsweringConnections {
    private static final int SHUTDOWN_IDLE_MILLIS = 100;

    private final ServerConnector connector;
    private final Set<EndPoint> answering = new HashSet<>();
    private boolean stopping;

    AnsweringConnections(ServerConnector connector) {
        this.connector = connector;
        // A negative time: the connector leaves idle times as they are. It would shorten those of answers, too.
        connector.setShutdownIdleTimeout(-1);
    }

    synchronized void start() {
        stopping = false;
    }

    /** Shortens the idle time of all connections without an answer. */
    synchronized void stop() {
        stopping = true;
        connector.getConnectedEndPoints().stream()
                .filter(connection -> !answering.contains(connection))
                .forEach(connection -> connection.setIdleTimeout(SHUTDOWN_IDLE_MILLIS));
    }

    synchronized void begin(EndPoint connection) {
        answering.add(connection);
        connection.setIdleTimeout(connector.getIdleTimeout());
    }

    /** Has no effect on a connection without an answer. */
    synchronized void end(EndPoint connection) {
        if (answering.remove(connection) && stopping) {
            connection.setIdleTimeout(SHUTDOWN_IDLE_MILLIS);
        }
    }
}
