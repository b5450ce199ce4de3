package org.llava4j.model.tensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: safetensors files, header and tensors. */
class SafetensorsFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.safetensors", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        String header = "{\"__metadata__\":{\"format\":\"pt\"},\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],"
                + "\"data_offsets\":[0,24]},\"half\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]},"
                + "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[28,31]},\"b\":{\"dtype\":\"BF16\","
                + "\"shape\":[],\"data_offsets\":[31,33]},\"ids\":{\"dtype\":\"I64\",\"shape\":[1,1],"
                + "\"data_offsets\":[33,41]}}";
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + 41).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text);
        return Stream.of(FuzzSeeds.of("five types", file.array()));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path path = FuzzFile.write(folder.resolve("fuzz.safetensors"), bytes);
        ORACLE.accepts(() -> {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                TensorReading.readAll(file, bytes.length, (store, info) -> store.read(info.name()));
            }
        });
    }
}
