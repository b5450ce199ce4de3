package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fuzz test with fixed seeds: a damaged file is either read, with every tensor within the size of the file, or rejected
 * as invalid input.
 */
class SafetensorsFuzzTest {
    private static final int CASES = 4000;
    private static final String[] TOKENS = {
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "-1",
        "0",
        "9223372036854775807",
        "1e9",
        "null",
        "\"F16\"",
        "\"BOOL\"",
        "\\u0000"
    };

    @TempDir
    Path folder;

    @Test
    void readNeverFailsOtherwise() throws IOException {
        byte[] valid = validFile();
        Random random = new Random(42);
        int rejected = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] damaged = damage(valid, random);
            Path path = Files.write(folder.resolve("damaged.safetensors"), damaged);
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (TensorInfo info : file.tensors().values()) {
                    assertThat(info.length() * info.type().bytes()).isBetween(0L, (long) damaged.length);
                    file.read(info.name()).close();
                }
            } catch (BadInputException e) {
                rejected++;
                assertThat(e.getMessage()).contains(path.toString()).doesNotContain("\n");
            }
        }
        assertThat(rejected).isBetween(CASES / 4, CASES - 1);
    }

    private byte[] validFile() throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("weight", Nd4j.rand(DataType.FLOAT, 4, 3));
        tensors.put("mask", Nd4j.createFromArray(true, false, true));
        tensors.put("half", Nd4j.rand(DataType.FLOAT, 5));
        tensors.put("ids", Nd4j.createFromArray(1L, 2L));
        Path path = folder.resolve("valid.safetensors");
        SafetensorsWriter.write(
                path,
                tensors,
                name -> name.equals("half")
                        ? TensorType.F16
                        : TensorType.of(tensors.get(name).dataType()));
        return Files.readAllBytes(path);
    }

    private static byte[] damage(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        int headerBytes = (valid[0] & 0xff) | (valid[1] & 0xff) << 8;
        for (int n = random.nextInt(3); n >= 0; n--) {
            int inHeader = 8 + random.nextInt(headerBytes);
            switch (random.nextInt(5)) {
                case 0 -> bytes[random.nextInt(8)] = (byte) random.nextInt();
                case 1 -> bytes[Math.min(inHeader, bytes.length - 1)] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                case 3 -> bytes = Arrays.copyOf(bytes, Math.max(8, random.nextInt(valid.length + 20)));
                default -> {
                    byte[] token = TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8);
                    int length = Math.max(0, Math.min(token.length, bytes.length - inHeader));
                    System.arraycopy(token, 0, bytes, Math.min(inHeader, bytes.length), length);
                }
            }
        }
        return bytes;
    }
}
