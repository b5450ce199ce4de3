package org.llava4j.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Incremental SHA-256 hash in hexadecimal. */
public final class Sha256 {
    private static final int MIN_BUFFER_BYTES = 1 << 13;
    private static final int MAX_BUFFER_BYTES = 1 << 20;

    private final MessageDigest digest;

    /** Starts the hash of an empty sequence. */
    public Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Hashes a byte array. */
    public static String of(byte[] bytes) {
        return new Sha256().add(bytes).hex();
    }

    /**
     * Hashes the content of a file.
     *
     * @throws BadInputException if the file cannot be read
     */
    public static String of(Path file) {
        Sha256 hash = new Sha256();
        try (FileChannel channel = FileChannel.open(file)) {
            long size = Math.min(MAX_BUFFER_BYTES, Math.max(MIN_BUFFER_BYTES, channel.size()));
            ByteBuffer buffer = ByteBuffer.allocate((int) size);
            while (channel.read(buffer) >= 0) {
                hash.add(buffer.flip());
                buffer.clear();
            }
        } catch (IOException e) {
            throw new BadInputException("cannot read " + file + " (" + IoReason.of(e) + ")", e);
        }
        return hash.hex();
    }

    /** Adds bytes to the hash. */
    public Sha256 add(byte[] bytes) {
        digest.update(bytes);
        return this;
    }

    /** Adds the remaining bytes of a buffer. */
    public Sha256 add(ByteBuffer bytes) {
        digest.update(bytes);
        return this;
    }

    /** Adds the UTF-8 bytes of a text. */
    public Sha256 add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Finishes the hash; nothing may be added afterwards. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
