package org.llava4j.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reader and writer of safetensors files, independent of the library's own. Reads F32 and I64, writes F32. */
final class Safetensors {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Safetensors() {}

    /** All tensors of a file. */
    static Map<String, INDArray> read(Path file) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            byte[] header = new byte[Math.toIntExact(bytes.getLong())];
            bytes.get(header);
            ByteBuffer data = bytes.slice();
            Map<String, INDArray> tensors = new LinkedHashMap<>();
            JSON.readTree(new String(header, StandardCharsets.UTF_8))
                    .properties()
                    .forEach(entry -> {
                        if (!entry.getKey().equals("__metadata__")) {
                            tensors.put(entry.getKey(), tensor(entry.getValue(), data));
                        }
                    });
            return tensors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static INDArray tensor(JsonNode entry, ByteBuffer data) {
        int start = entry.get("data_offsets").get(0).intValue();
        int end = entry.get("data_offsets").get(1).intValue();
        ByteBuffer bytes = data.slice(start, end - start).order(ByteOrder.LITTLE_ENDIAN);
        long[] shape = new long[entry.get("shape").size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = entry.get("shape").get(i).longValue();
        }
        String type = entry.get("dtype").asText();
        switch (type) {
            case "F32" -> {
                float[] values = new float[bytes.remaining() / Float.BYTES];
                bytes.asFloatBuffer().get(values);
                return Nd4j.createFromArray(values).reshape(shape);
            }
            case "I64" -> {
                long[] values = new long[bytes.remaining() / Long.BYTES];
                bytes.asLongBuffer().get(values);
                return Nd4j.createFromArray(values).reshape(shape);
            }
            default -> throw new IllegalArgumentException("no reader for dtype " + type);
        }
    }

    /** Writes float32 tensors in the order of the map. */
    static void write(Path file, Map<String, INDArray> tensors) {
        ObjectNode header = JSON.createObjectNode();
        int size = 0;
        for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
            ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "F32");
            entry.set("shape", JSON.valueToTree(tensor.getValue().shape()));
            int end = size + Math.toIntExact(tensor.getValue().length()) * Float.BYTES;
            entry.putArray("data_offsets").add(size).add(end);
            size = end;
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + json.length + size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        for (INDArray tensor : tensors.values()) {
            for (float value : tensor.dup('c').reshape(-1).toFloatVector()) {
                bytes.putFloat(value);
            }
        }
        try {
            Files.write(file, bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
