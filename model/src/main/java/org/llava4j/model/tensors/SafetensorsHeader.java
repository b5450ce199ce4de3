package org.llava4j.model.tensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileBytes;
import org.llava4j.data.JsonErrorMessage;

/**
 * Validated header of a safetensors file. The tensors cover the rest of the file exactly, so reading a tensor never
 * allocates more than the size of the file.
 *
 * @param tensors by name
 * @param starts file offset of each tensor's data
 * @param metadata the {@code __metadata__} strings
 */
record SafetensorsHeader(
        SortedMap<String, TensorInfo> tensors, Map<String, Long> starts, Map<String, String> metadata) {
    private static final int LENGTH_BYTES = 8;
    /** Limit of the reference implementation. */
    private static final int MAX_HEADER_BYTES = 100_000_000;

    private static final Set<String> TENSOR_KEYS = Set.of("dtype", "shape", "data_offsets");
    private static final ObjectReader JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    /**
     * Reads and validates the header.
     *
     * @param file name of the file in messages
     * @throws BadInputException at the first problem, with the file and the tensor
     */
    static SafetensorsHeader read(FileChannel channel, Object file) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < LENGTH_BYTES) {
            throw invalid(file, "is too short (" + fileBytes + " bytes) to be a safetensors file");
        }
        long headerBytes = FileBytes.read(channel, 0, LENGTH_BYTES).getLong();
        if (headerBytes < 0 || headerBytes > fileBytes - LENGTH_BYTES) {
            throw invalid(
                    file,
                    "declares a header of " + Long.toUnsignedString(headerBytes) + " bytes but has only "
                            + (fileBytes - LENGTH_BYTES) + " bytes after the length field");
        }
        if (headerBytes > MAX_HEADER_BYTES) {
            throw invalid(
                    file, "declares a header of " + headerBytes + " bytes; the format allows " + MAX_HEADER_BYTES);
        }
        JsonNode root = parse(FileBytes.read(channel, LENGTH_BYTES, (int) headerBytes), file);
        List<SafetensorsEntry> entries = new ArrayList<>();
        Map<String, String> metadata = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            if (entry.getKey().equals("__metadata__")) {
                addMetadata(entry.getValue(), metadata, file);
            } else {
                entries.add(entry(entry.getKey(), entry.getValue(), file));
            }
        }
        long dataStart = LENGTH_BYTES + headerBytes;
        requireTiling(entries, fileBytes - dataStart, file);
        SortedMap<String, TensorInfo> tensors = new TreeMap<>();
        Map<String, Long> starts = new HashMap<>();
        for (SafetensorsEntry entry : entries) {
            tensors.put(entry.tensor().name(), entry.tensor());
            starts.put(entry.tensor().name(), dataStart + entry.begin());
        }
        return new SafetensorsHeader(
                Collections.unmodifiableSortedMap(tensors), starts, Collections.unmodifiableMap(metadata));
    }

    private static JsonNode parse(ByteBuffer bytes, Object file) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            JsonNode root = JSON.readValue(text);
            if (root == null || !root.isObject()) {
                throw invalid(file, "has a header that is not a JSON object");
            }
            return root;
        } catch (CharacterCodingException e) {
            throw invalid(file, "has a header that is not UTF-8");
        } catch (JsonProcessingException e) {
            throw invalid(file, "has a header that is not valid JSON (" + JsonErrorMessage.of(e) + ")");
        }
    }

    private static void addMetadata(JsonNode node, Map<String, String> metadata, Object file) {
        if (!node.isObject()) {
            throw invalid(file, "has a __metadata__ that is not an object of strings");
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (!entry.getValue().isTextual()) {
                throw invalid(file, "has a __metadata__ that is not an object of strings");
            }
            metadata.put(entry.getKey(), entry.getValue().textValue());
        }
    }

    private static SafetensorsEntry entry(String name, JsonNode node, Object file) {
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        if (!keys.equals(TENSOR_KEYS)) {
            throw invalid(file, name, "must have exactly dtype, shape and data_offsets, has " + keys);
        }
        TensorType type = type(name, node.get("dtype"), file);
        long[] shape = nonNegatives(name, "shape", node.get("shape"), file);
        long[] offsets = nonNegatives(name, "data_offsets", node.get("data_offsets"), file);
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw invalid(file, name, "must have two data_offsets in ascending order, has " + node.get("data_offsets"));
        }
        long expected = type.bytes();
        try {
            for (long size : shape) {
                expected = Math.multiplyExact(expected, size);
            }
        } catch (ArithmeticException e) {
            throw invalid(file, name, "has a shape that overflows 64 bits: " + node.get("shape"));
        }
        long bytes = offsets[1] - offsets[0];
        if (bytes != expected) {
            throw invalid(
                    file,
                    name,
                    "is " + type + node.get("shape") + " with " + expected + " bytes, but its data_offsets span "
                            + bytes);
        }
        return new SafetensorsEntry(new TensorInfo(name, type, shape), offsets[0], offsets[1]);
    }

    private static TensorType type(String name, JsonNode node, Object file) {
        for (TensorType type : TensorType.values()) {
            if (node.isTextual() && type.name().equals(node.textValue())) {
                return type;
            }
        }
        throw invalid(file, name, "has the dtype " + node + "; supported are " + List.of(TensorType.values()));
    }

    private static long[] nonNegatives(String name, String key, JsonNode node, Object file) {
        if (!node.isArray()) {
            throw invalid(file, name, "has a " + key + " that is not a list");
        }
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = node.get(i);
            if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
                throw invalid(file, name, "has a " + key + " with an entry that is not a non-negative integer");
            }
            values[i] = value.longValue();
        }
        return values;
    }

    private static void requireTiling(List<SafetensorsEntry> entries, long dataBytes, Object file) {
        List<SafetensorsEntry> byOffset = new ArrayList<>(entries);
        byOffset.sort(Comparator.comparingLong(SafetensorsEntry::begin).thenComparingLong(SafetensorsEntry::end));
        long covered = 0;
        for (SafetensorsEntry entry : byOffset) {
            String name = entry.tensor().name();
            if (entry.begin() < covered) {
                throw invalid(file, name, "overlaps the tensor before it at byte " + entry.begin());
            }
            if (entry.begin() > covered) {
                throw invalid(file, name, "has a gap of " + (entry.begin() - covered) + " bytes before it");
            }
            covered = entry.end();
            if (covered > dataBytes) {
                throw invalid(file, name, "ends at byte " + covered + " of " + dataBytes + ": the file is truncated");
            }
        }
        if (covered != dataBytes) {
            throw invalid(file, "has " + (dataBytes - covered) + " trailing bytes after the last tensor");
        }
    }

    private static String oneLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private static BadInputException invalid(Object file, String problem) {
        return new BadInputException(file + " " + problem + "; download or write the file again");
    }

    private static BadInputException invalid(Object file, String tensor, String problem) {
        return invalid(file, "is damaged: tensor \"" + oneLine(tensor) + "\" " + problem);
    }
}
