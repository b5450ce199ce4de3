package org.llava4j.train.logging;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Independent reader of TensorBoard event files; shares no code with the writer. */
public final class TensorBoardEventFile {
    private static final int[] CRC_TABLE = new int[256];

    static {
        for (int i = 0; i < CRC_TABLE.length; i++) {
            int c = i;
            for (int bit = 0; bit < 8; bit++) {
                c = (c & 1) == 0 ? c >>> 1 : c >>> 1 ^ 0x82f63b78;
            }
            CRC_TABLE[i] = c;
        }
    }

    private TensorBoardEventFile() {}

    /** One event; missing fields are null, 0 or empty. */
    public record Event(double wallTime, long step, String version, long sessionStatus, Map<String, Float> scalars) {}

    /** @throws IllegalStateException if a checksum is wrong or a record is truncated */
    public static List<Event> read(Path file) {
        try {
            return read(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Event> read(ByteBuffer file) {
        List<Event> events = new ArrayList<>();
        while (file.hasRemaining()) {
            byte[] header = take(file, 8);
            require(unmasked(file.getInt()) == crc(header), "checksum of a length");
            byte[] data = take(
                    file,
                    Math.toIntExact(ByteBuffer.wrap(header)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()));
            require(unmasked(file.getInt()) == crc(data), "checksum of a record");
            events.add(event(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)));
        }
        return events;
    }

    /** CRC-32C, byte by byte. */
    static int crc(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc = CRC_TABLE[(crc ^ b) & 0xff] ^ crc >>> 8;
        }
        return ~crc;
    }

    private static int unmasked(int masked) {
        int rotated = masked - 0xa282ead8;
        return rotated >>> 17 | rotated << 15;
    }

    private static Event event(ByteBuffer message) {
        double wallTime = 0;
        long step = 0;
        String version = null;
        long status = 0;
        Map<String, Float> scalars = new LinkedHashMap<>();
        while (message.hasRemaining()) {
            switch (field(message)) {
                case 1 << 3 | 1 -> wallTime = message.getDouble();
                case 2 << 3 -> step = varint(message);
                case 3 << 3 | 2 -> version = text(message);
                case 5 << 3 | 2 -> summary(part(message), scalars);
                case 7 << 3 | 2 -> status = status(part(message));
                default -> throw new IllegalStateException("unexpected field of an event");
            }
        }
        return new Event(wallTime, step, version, status, scalars);
    }

    private static void summary(ByteBuffer summary, Map<String, Float> scalars) {
        while (summary.hasRemaining()) {
            require(field(summary) == (1 << 3 | 2), "field of a summary");
            ByteBuffer value = part(summary);
            require(field(value) == (1 << 3 | 2), "tag of a value");
            String tag = text(value);
            require(field(value) == (2 << 3 | 5), "simple_value of a value");
            require(scalars.put(tag, value.getFloat()) == null, "one value for " + tag);
            require(!value.hasRemaining(), "end of a value");
        }
    }

    private static long status(ByteBuffer session) {
        require(field(session) == 1 << 3, "status of a session");
        return varint(session);
    }

    private static int field(ByteBuffer from) {
        return Math.toIntExact(varint(from));
    }

    private static long varint(ByteBuffer from) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = from.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static String text(ByteBuffer from) {
        return StandardCharsets.UTF_8.decode(part(from)).toString();
    }

    private static ByteBuffer part(ByteBuffer from) {
        return ByteBuffer.wrap(take(from, Math.toIntExact(varint(from)))).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] take(ByteBuffer from, int length) {
        require(length >= 0 && length <= from.remaining(), "length of a part");
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("format violation: " + what);
        }
    }
}
