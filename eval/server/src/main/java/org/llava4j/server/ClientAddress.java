package org.llava4j.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The client that limits count: an IPv4 address, or the /64 network of an IPv6 address, because a host may take any address
 * of its network. Equal for the same client.
 */
final class ClientAddress {
    private static final int NETWORK_BYTES = 8;

    private final byte[] bytes;
    private final String text;

    private ClientAddress(byte[] bytes, String text) {
        this.bytes = bytes;
        this.text = text;
    }

    /** The client of a connection; those without an internet address share one. */
    static ClientAddress of(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress socket && socket.getAddress() != null
                ? of(socket.getAddress())
                : new ClientAddress(new byte[0], "a client without an address");
    }

    /** The client of an address. */
    static ClientAddress of(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (!(address instanceof Inet6Address)) {
            return new ClientAddress(bytes, address.getHostAddress());
        }
        byte[] network = Arrays.copyOf(bytes, NETWORK_BYTES);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < NETWORK_BYTES; i += 2) {
            text.append(Integer.toHexString((network[i] & 0xff) << 8 | network[i + 1] & 0xff))
                    .append(':');
        }
        return new ClientAddress(network, text.append(":/64").toString());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClientAddress client && Arrays.equals(bytes, client.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return text;
    }
}
