package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.chat.TextPrompt;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.memory.MappedArray;
import org.llava4j.model.memory.WeightMemory;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.model.weights.ForwardPassRecorder.Gradients;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;
import org.llava4j.testing.PeftAdapters;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Models whose matrices are mapped, compared with models that are read. */
class MappedModelTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path LLAVA = Golden.path("c_llava_linear");
    private static final String QUESTION = "Which way is it from the house to the tree?";
    private static final Path IMAGE = ROOT.resolve("resources/readme/map.png");
    private static final Predicate<String> ALL = name -> true;

    @TempDir
    private Path temp;

    private Path export(Path from, WeightDtype stored) {
        Path folder = temp.resolve("stored-" + stored);
        WriteOptions options = stored.isQuantized()
                ? new WriteOptions(CheckpointLayout.LLAVA, 100_000, stored)
                : new WriteOptions(CheckpointLayout.LLAVA, 100_000);
        SaveType type = switch (stored) {
            case FP32 -> SaveType.of(TensorType.F32);
            case BF16 -> SaveType.of(TensorType.BF16);
            case FP16 -> SaveType.of(TensorType.F16);
            default -> SaveType.AS_STORED;
        };
        new Export(from, null, null, options, type, null).writeTo(folder);
        return folder;
    }

    private static Llava build(Path folder, WeightDtype dtype, boolean mmap) {
        Path tower = LlavaConfig.visionTowerPath(folder);
        try (Checkpoint weights = Checkpoint.llava(folder, tower)
                .withWeightDtype(dtype, name -> false)
                .withMmap(mmap)) {
            return Llava.build(LlavaConfig.read(folder, tower), weights, ImageInput.PIXELS);
        }
    }

    private static Map<String, INDArray> inputs() {
        try (SafetensorsFile file = SafetensorsFile.open(LLAVA.resolve("io.safetensors"))) {
            Map<String, INDArray> inputs = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> inputs.put(name, file.read(name)));
            return inputs;
        }
    }

    private static Map<String, INDArray> run(Llava model, Gradients gradients) {
        return ForwardPassRecorder.of(model, LlavaConfig.read(LLAVA, Golden.path("a_clip56")))
                .run(inputs(), gradients)
                .tensors();
    }

    private static boolean isMatrix(String name, INDArray weight) {
        return weight.rank() > 1 && !name.contains("position_embedding");
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void mappedModelEqualsModelThatIsRead(WeightDtype dtype) {
        Path folder = export(LLAVA, dtype);
        Llava mapped = build(folder, dtype, true);
        Llava read = build(folder, dtype, false);
        for (String name : read.weightNames()) {
            INDArray weight = mapped.weight(name);
            assertThat(weight).as(name).isEqualTo(read.weight(name));
            assertThat(MappedArray.isMapped(weight)).as(name).isEqualTo(isMatrix(name, weight));
        }
        long bytes = read.weightMemory().readBytes();
        assertThat(mapped.weightMemory().mappedBytes()).isBetween(bytes / 2, bytes - 1);
        assertThat(mapped.weightMemory().readBytes())
                .isEqualTo(bytes - mapped.weightMemory().mappedBytes());
        assertThat(read.weightMemory().mappedBytes()).isZero();
        Map<String, INDArray> expected = run(read, null);
        assertThat(expected).containsKeys("logits", "features");
        assertThat(run(mapped, null)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightDtype.class,
            names = {"BF16", "FP16", "Q8", "Q4"})
    void matricesOfAnotherStoredDtypeAreRead(WeightDtype dtype) {
        assertThat(build(LLAVA, dtype, true).weightMemory().mappedBytes()).isZero();
    }

    /** Its tables and other matrices that are not quantized are fp16. */
    @Test
    void quantizedMatricesAreReadInAnotherDtype() {
        Path folder = export(LLAVA, WeightDtype.Q8);
        Llava model = build(folder, WeightDtype.FP16, true);
        for (String name : model.weightNames()) {
            INDArray weight = model.weight(name);
            assertThat(MappedArray.isMapped(weight))
                    .as(name)
                    .isEqualTo(isMatrix(name, weight) && !WeightDtype.Q8.quantizes(name, weight.shape()));
        }
        assertThat(model.weightMemory().readBytes())
                .isGreaterThan(model.weightMemory().mappedBytes());
    }

    @Test
    void modelSourceMapsUnlessDisabled() {
        ModelSource source = ModelSource.of(LLAVA);
        assertThat(source.buildDecoder(WeightDtype.FP32).weightMemory().mappedBytes())
                .isPositive();
        assertThat(source.buildTower(WeightDtype.FP32).weightMemory().mappedBytes())
                .isPositive();
        ModelSource unmapped = source.withMmap(false);
        assertThat(unmapped.buildDecoder(WeightDtype.FP32).weightMemory().mappedBytes())
                .isZero();
        assertThat(unmapped.buildTower(WeightDtype.FP32).weightMemory().mappedBytes())
                .isZero();
    }

    /** A write to a mapped weight would end the JVM. */
    @Test
    void setTrainableCopiesMappedWeights() throws IOException {
        byte[] before = Files.readAllBytes(LLAVA.resolve("model.safetensors"));
        Llava mapped = build(LLAVA, WeightDtype.FP32, true);
        Llava read = build(LLAVA, WeightDtype.FP32, false);
        Predicate<String> trainable = Gradients.STAGE2.weights();
        for (Llava model : List.of(mapped, read)) {
            Map<String, INDArray> gradients = run(model, Gradients.STAGE2);
            model.setTrainable(trainable);
            for (String name : model.trainableNames()) {
                model.weight(name).subi(gradients.get("grad." + name));
            }
        }
        assertThat(mapped.trainableNames()).isNotEmpty().isEqualTo(read.trainableNames());
        for (String name : read.weightNames()) {
            assertThat(mapped.weight(name)).as(name).isEqualTo(read.weight(name));
            assertThat(MappedArray.isMapped(mapped.weight(name)))
                    .as(name)
                    .isEqualTo(!trainable.test(name) && isMatrix(name, read.weight(name)));
        }
        assertThat(LLAVA.resolve("model.safetensors")).hasBinaryContent(before);
    }

    @Test
    void trainableWeightsAreRead() {
        Path tower = LlavaConfig.visionTowerPath(LLAVA);
        Predicate<String> projector = Gradients.STAGE1.weights();
        try (Checkpoint weights = Checkpoint.llava(LLAVA, tower)
                .withWeightDtype(WeightDtype.FP32, projector)
                .withMmap(true)) {
            Llava model = Llava.build(LlavaConfig.read(LLAVA, tower), weights, ImageInput.PIXELS);
            assertThat(model.weightNames().stream().filter(projector))
                    .isNotEmpty()
                    .noneMatch(name -> MappedArray.isMapped(model.weight(name)));
            assertThat(model.weightMemory().mappedBytes()).isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void setTrainableRejectsMappedQuantizedWeights(WeightDtype dtype) {
        Llava model = build(export(LLAVA, dtype), dtype, true);
        assertThatThrownBy(() -> model.setTrainable(ALL))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot be trained");
    }

    /** Weights that an adapter changes while loading are not mapped. */
    @Test
    void adapterLeavesOtherMatricesMapped() {
        Path adapter = PeftAdapters.write(temp.resolve("adapter"), LLAVA, 0.3);
        ModelSource source = ModelSource.withAdapter(LLAVA, adapter);
        Llava mapped = source.buildDecoder(WeightDtype.FP32);
        Llava read = source.withMmap(false).buildDecoder(WeightDtype.FP32);
        assertThat(mapped.weightMemory().mappedBytes()).isPositive();
        for (String name : read.weightNames()) {
            assertThat(mapped.weight(name)).as(name).isEqualTo(read.weight(name));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4"})
    void mappedScalesAreValidated(WeightDtype dtype) throws IOException {
        Path folder = export(LLAVA, dtype);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".safetensors"))
                    .filter(path -> path.getFileName().toString().startsWith("model"))
                    .toList()) {
                overwriteEnd(file);
            }
        }
        assertThatThrownBy(() -> ModelSource.of(folder).buildDecoder(dtype))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is damaged: row ")
                .hasMessageContaining(folder.toString());
    }

    /** Writes NaN over the last half of a file, and with it over the scales of its matrices. */
    private static void overwriteEnd(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            long half = channel.size() / 2;
            ByteBuffer nans = ByteBuffer.allocate((int) half);
            while (nans.remaining() > 1) {
                nans.putShort((short) 0x7e7e);
            }
            channel.write(nans.flip(), channel.size() - half);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "Q4"})
    void modelsShareTheirFilesAndCloseIndependently(WeightDtype dtype) {
        Path folder = export(ROOT.resolve("resources/tiny/llava"), dtype);
        ModelSource source = ModelSource.of(folder);
        ChatFormat chat = ChatFormat.of(folder);
        String expected;
        try (LlavaModel read = LlavaModel.load(source.withMmap(false), chat, dtype)) {
            assertThat(read.weightMemory().mappedBytes()).isZero();
            expected = read.answer(IMAGE, QUESTION, 8);
        }
        LlavaModel first = LlavaModel.load(source, chat, dtype);
        try (LlavaModel second = LlavaModel.load(source, chat, dtype)) {
            WeightMemory memory = second.weightMemory();
            assertThat(memory.mappedBytes()).isGreaterThan(10 * memory.readBytes());
            assertThat(first.answer(IMAGE, QUESTION, 8)).isNotEmpty().isEqualTo(expected);
            first.close();
            first = null;
            System.gc();
            assertThat(second.answer(IMAGE, QUESTION, 8)).isEqualTo(expected);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void mappedModelSurvivesDeletionOfItsFolder() throws IOException {
        Path folder = export(ROOT.resolve("resources/tiny/llava"), WeightDtype.BF16);
        try (LlavaModel model = LlavaModel.load(ModelSource.of(folder), ChatFormat.of(folder), WeightDtype.BF16)) {
            assertThat(model.weightMemory().mappedBytes()).isPositive();
            String before = model.answer(IMAGE, QUESTION, 8);
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.delete(file);
                }
            }
            assertThat(model.answer(IMAGE, QUESTION, 8)).isNotEmpty().isEqualTo(before);
        }
    }

    @Test
    void answersOfRewrittenWeightsAreRefused() throws IOException {
        Path file = tinyWeights();
        byte[] before = Files.readAllBytes(file);
        GenerationRequest question = GenerationRequest.about(ImageRef.of(IMAGE), QUESTION);
        try (LlavaModel model = LlavaModel.load(file.getParent())) {
            // Rewritten while an answer is generated: it fails at its end.
            AtomicBoolean rewritten = new AtomicBoolean();
            PendingAnswer pending = model.submit(question, DecodingOptions.greedy(4), text -> {
                if (!rewritten.getAndSet(true)) {
                    rewriteLastByte(file);
                }
            });
            assertThatThrownBy(() -> model.await(pending))
                    .isInstanceOf(ModelChangedException.class)
                    .hasMessageContaining(file + " was written in place");
            assertThatThrownBy(() -> model.answer(question, DecodingOptions.greedy(4)))
                    .isInstanceOf(ModelChangedException.class);
            assertThatThrownBy(() -> model.answer(new TextPrompt("a", false), DecodingOptions.greedy(4)))
                    .isInstanceOf(ModelChangedException.class);
        }
        assertThat(Files.readAllBytes(file)).isNotEqualTo(before);
    }

    @Test
    void replacedOrDeletedFileKeepsModelUsable() throws IOException {
        Path file = tinyWeights();
        try (LlavaModel model = LlavaModel.load(file.getParent())) {
            String answer = model.answer(IMAGE, QUESTION, 4);
            Files.move(Files.write(temp.resolve("other"), new byte[100]), file, StandardCopyOption.REPLACE_EXISTING);
            assertThat(model.answer(IMAGE, QUESTION, 4)).isEqualTo(answer);
            Files.delete(file);
            assertThat(model.answer(IMAGE, QUESTION, 4)).isEqualTo(answer);
        }
    }

    /** The weights of a copy of the bundled model, in one file. */
    private Path tinyWeights() {
        WriteOptions options = new WriteOptions(CheckpointLayout.LLAVA, Long.MAX_VALUE);
        Path folder = temp.resolve("tiny");
        new Export(ROOT.resolve("resources/tiny/llava"), null, null, options, SaveType.of(TensorType.F32), null)
                .writeTo(folder);
        return folder.resolve("model.safetensors");
    }

    private static void rewriteLastByte(Path file) {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(open.length() - 1);
            int last = open.read();
            open.seek(open.length() - 1);
            open.write(last ^ 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
