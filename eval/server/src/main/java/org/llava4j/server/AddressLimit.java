package org.llava4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Connection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Limit of the number of connections of one client address. Further connections are closed. */
final class AddressLimit implements Connection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(AddressLimit.class);
    private static final long WARNING_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final int max;
    private final ServerMetrics metrics;
    private final Map<InetAddress, Integer> open = new ConcurrentHashMap<>();
    /** Addresses of the open connections: a closed one does not know its own. */
    private final Map<Connection, InetAddress> addresses = new ConcurrentHashMap<>();

    private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());

    AddressLimit(int max, ServerMetrics metrics) {
        this.max = max;
        this.metrics = metrics;
    }

    @Override
    public void onOpened(Connection connection) {
        InetAddress address = address(connection);
        if (address == null) {
            return;
        }
        addresses.put(connection, address);
        if (open.merge(address, 1, Integer::sum) > max) {
            metrics.connectionRefused();
            warn(address);
            connection.getEndPoint().close();
        }
    }

    @Override
    public void onClosed(Connection connection) {
        InetAddress address = addresses.remove(connection);
        if (address != null) {
            open.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Warns once a minute. */
    private void warn(InetAddress address) {
        long now = System.nanoTime();
        long next = nextWarning.get();
        if (now - next >= 0 && nextWarning.compareAndSet(next, now + WARNING_NANOS)) {
            LOG.warn(
                    "{} has more than {} connections, further ones are closed; raise the limit if it is a proxy",
                    address.getHostAddress(),
                    max);
        }
    }

    private static @Nullable InetAddress address(Connection connection) {
        return connection.getEndPoint().getRemoteSocketAddress() instanceof InetSocketAddress socket
                ? socket.getAddress()
                : null;
    }
}
