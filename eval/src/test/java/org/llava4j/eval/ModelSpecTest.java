package org.llava4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.folder.Export;
import org.llava4j.model.folder.SaveType;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.WeightDtype;

/** Flags of the commands that load a model: how its weights are loaded. */
class ModelSpecTest {
    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava");

    @TempDir
    private Path temp;

    private Path quantized() {
        WriteOptions options = new WriteOptions(CheckpointLayout.LLAVA, Long.MAX_VALUE, WeightDtype.Q4);
        new Export(TINY, null, null, options, SaveType.AS_STORED, null).writeTo(temp.resolve("tiny-q4"));
        return temp.resolve("tiny-q4");
    }

    private static CommandLine parse(Path folder, String... flags) throws ParseException {
        Options options = ModelSpec.addFlags(new Options()).addOption(ModelSpec.cacheFlag());
        return new DefaultParser()
                .parse(
                        options,
                        Stream.concat(Stream.of("--model-path", folder.toString()), Stream.of(flags))
                                .toArray(String[]::new));
    }

    private static LlavaModel load(Path folder, String... flags) throws ParseException {
        CommandLine line = parse(folder, flags);
        return ModelSpec.of(line).load();
    }

    @Test
    void weightsAreMappedUnlessDisabled() throws ParseException {
        Path folder = quantized();
        for (List<String> flags : List.of(List.<String>of(), List.of("--mmap"))) {
            try (LlavaModel model = load(folder, flags.toArray(String[]::new))) {
                assertThat(model.weightMemory().mappedBytes()).isPositive();
            }
        }
        try (LlavaModel model = load(folder, "--no-mmap")) {
            assertThat(model.weightMemory().mappedBytes()).isZero();
            assertThat(model.weightMemory().readBytes()).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp32", "bf16"})
    void weightsOfAnotherDtypeAreRead(String dtype) throws ParseException {
        try (LlavaModel model = load(quantized(), "--dtype", dtype, "--mmap")) {
            assertThat(model.weightMemory().mappedBytes()).isZero();
        }
    }

    @Test
    void mmapAndNoMmapExcludeEachOther() throws ParseException {
        CommandLine line = parse(TINY, "--mmap", "--no-mmap");
        assertThatThrownBy(() -> ModelSpec.of(line))
                .isInstanceOf(BadInputException.class)
                .hasMessage("--mmap and --no-mmap exclude each other; give one of them");
    }

    @Test
    void loadForChatLogsHowWeightsWereLoaded() throws ParseException {
        CommandLine line = parse(quantized());
        List<String> log = new ArrayList<>();
        try (LlavaModel model = ModelSpec.of(line).loadForChat(line, log::add)) {
            assertThat(log)
                    .singleElement()
                    .asString()
                    .startsWith("loaded tiny-q4 in q4: " + model.weightMemory() + " of weights, in ");
        }
    }

    /** Config and weights would be of two models. */
    @Test
    void loadRejectsModelThatChangesMeanwhile() throws ParseException, IOException {
        Path folder = quantized();
        ModelSpec spec = ModelSpec.of(parse(folder));
        Path weights = folder.resolve("model.safetensors");
        Files.setLastModifiedTime(weights, FileTime.fromMillis(1));
        assertThatThrownBy(spec::load)
                .isInstanceOf(BadInputException.class)
                .hasMessage(weights + " has changed since the command started; nothing was written");
    }
}
