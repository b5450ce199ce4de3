package org.llava4j.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Connection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits of the numbers of open connections: of one client, and of all. Further connections are closed. A client with
 * fewer connections than the one with the most takes one of its places: the newest connection of that client is closed
 * instead.
 */
final class ConnectionLimits implements Connection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionLimits.class);
    private static final long WARNING_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final int maxPerClient;
    private final int max;
    private final ServerMetrics metrics;
    private final FairBudget all;
    private final Map<ClientAddress, Integer> open = new ConcurrentHashMap<>();
    private final Map<Connection, Opened> connections = new ConcurrentHashMap<>();

    private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());

    /** An open connection; a closed one does not know its address. */
    private record Opened(ClientAddress client, FairBudget.Holding place) {}

    ConnectionLimits(int maxPerClient, int max, ServerMetrics metrics) {
        this.maxPerClient = maxPerClient;
        this.max = max;
        this.metrics = metrics;
        all = new FairBudget(max);
    }

    @Override
    public void onOpened(Connection connection) {
        ClientAddress client = ClientAddress.of(connection.getEndPoint().getRemoteSocketAddress());
        FairBudget.Holding place = all.open(client, () -> closeForOthers(connection, client));
        connections.put(connection, new Opened(client, place));
        if (open.merge(client, 1, Integer::sum) > maxPerClient) {
            warn(client + " has more than " + maxPerClient
                    + " connections, further ones are closed; raise the limit if it is a proxy");
            close(connection);
        } else if (!place.tryGrow(1)) {
            warn("there are more than " + max + " connections; those of " + client + " are closed");
            close(connection);
        }
    }

    private void closeForOthers(Connection connection, ClientAddress client) {
        warn("there are more than " + max + " connections; the newest of " + client
                + ", which has the most, is closed");
        close(connection);
    }

    private void close(Connection connection) {
        metrics.connectionRefused();
        connection.getEndPoint().close();
    }

    @Override
    public void onClosed(Connection connection) {
        Opened opened = connections.remove(connection);
        if (opened != null) {
            opened.place.close();
            open.computeIfPresent(opened.client, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Warns once a minute. */
    private void warn(String message) {
        long now = System.nanoTime();
        long next = nextWarning.get();
        if (now - next >= 0 && nextWarning.compareAndSet(next, now + WARNING_NANOS)) {
            LOG.warn("{}", message);
        }
    }
}
