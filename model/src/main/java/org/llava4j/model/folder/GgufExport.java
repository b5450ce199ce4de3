package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.GgufTokenizerWriter;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.GgufConfigWriter;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.GgufFileWriter;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.GgufSaveType;
import org.llava4j.model.weights.GgufTensors;

/**
 * Export of a model to GGUF files for llama.cpp: {@code model-TYPE.gguf}, the decoder with its tokenizer, and of a LLaVA
 * {@code mmproj-model-f16.gguf}, vision tower and projector. It is as strict as {@link Export} and holds one tensor at a
 * time in memory.
 *
 * @param model a LLaVA folder of any layout, a LLaMA folder, or a GGUF file of a decoder
 * @param visionTower as in {@link Export}
 * @param projector as in {@link Export}
 * @param type type of the decoder's matrices
 * @param overflow as in {@link SaveType}
 * @param notices receives one sentence for each thing that the files do not hold
 */
public record GgufExport(
        Path model,
        @Nullable Path visionTower,
        @Nullable Path projector,
        GgufSaveType type,
        @Nullable Consumer<String> overflow,
        Consumer<String> notices) {
    private static final String LAYOUT = "gguf";
    /** The name that llama.cpp's users know; its matrices are F16 whatever the decoder's type is. */
    private static final String MMPROJ = "mmproj-model-f16.gguf";

    /**
     * Writes the folder.
     *
     * @throws BadInputException if the model is incomplete, GGUF cannot represent it, or the output cannot be written
     */
    public void writeTo(Path output) {
        if (LlavaConfig.isLlava(model, visionTower)) {
            new Export(model, visionTower, projector, WriteOptions.DEFAULT, new SaveType(null, overflow), null)
                    .run(output, this::writeLlava);
        } else {
            writeDecoderAlone(output);
        }
    }

    private String writeLlava(Path folder, Checkpoint checkpoint, Origin origin) {
        LlavaConfig config = origin.config();
        GgufLosses losses = new GgufLosses(model, notices);
        losses.requireRepresentable(config);
        ClipPreprocessing images = config.preprocessing(origin.visionTower());
        List<LazyTensor> tensors = tensors(checkpoint, Llava.weightShapes(config));
        GgufMetadataBuilder metadata = metadata(config.decoder(), config.maxLength(), origin.chat());
        // The smaller file first, so that an overflow in it costs little time.
        writeMmproj(folder, tensors, config, images);
        Path decoder = writeDecoder(folder, tensors, config.decoder(), metadata);
        losses.report(config, images);
        losses.reportChat(origin.chat(), decoder);
        return LAYOUT;
    }

    private void writeDecoderAlone(Path output) {
        InputPaths inputs = InputPaths.of(model);
        inputs.requireNoOverlap(output);
        if (visionTower != null || projector != null) {
            throw new BadInputException(
                    model + " is not a LLaVA; assemble one from a LLaMA and a CLIP first (assemble)");
        }
        if (LlavaConfig.isClip(model)) {
            throw new BadInputException(model + " is a vision tower alone; give a LLaVA or a LLaMA");
        }
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs)) {
            InputSnapshot read =
                    InputSnapshot.byMetadata(ModelFiles.of(model, model, null).all());
            LlamaConfig config = LlamaConfig.read(model);
            try (Checkpoint checkpoint = Checkpoint.bare(model)) {
                List<LazyTensor> tensors =
                        tensors(checkpoint, TensorSource.shapes(source -> Llava.buildLlama(config, source)));
                writeDecoder(
                        folder.path(), tensors, config, metadata(config, GgufConfigWriter.contextLength(model), null));
                ModelManifest.write(
                        folder.path(),
                        new ModelManifest.Provenance(
                                CheckpointWriter.KIND,
                                LAYOUT,
                                null,
                                ModelManifest.readStage(model),
                                null,
                                checkpoint.plan().sources()));
            }
            read.requireUnchanged();
            folder.commit();
        }
    }

    private List<LazyTensor> tensors(Checkpoint checkpoint, SortedMap<String, long[]> shapes) {
        return checkpoint.toLazyTensors(shapes, null).stream()
                .map(tensor ->
                        tensor.allowingOverflow(overflow == null ? message -> reject(message, tensor) : overflow))
                .toList();
    }

    private void reject(String message, LazyTensor tensor) {
        String advice = type == GgufSaveType.F16 && GgufTensors.isQuantizable(tensor)
                ? "use --save-type q8_0"
                : "GGUF files of all types have it in float16, export another layout";
        throw new BadInputException(message + "; " + advice + ", or accept infinite values (--allow-overflow)");
    }

    private GgufMetadataBuilder metadata(LlamaConfig config, int contextLength, @Nullable ChatFormat chat) {
        GgufMetadataBuilder metadata = new GgufMetadataBuilder();
        GgufConfigWriter.decoder(metadata, name(), config, contextLength, type.fileType());
        GgufTokenizerWriter.write(model, config.vocabSize(), metadata, notices);
        String template = TokenizerFiles.chatTemplate(model, notices);
        if (template != null && !GgufConfigWriter.chatTemplate(metadata, template, chat)) {
            notices.accept("left out the chat template of the tokenizer, which contradicts the conversation template"
                    + " of the model");
        }
        writeEndOfTurn(metadata, config.vocabSize());
        return metadata;
    }

    private void writeMmproj(
            Path folder, Collection<LazyTensor> tensors, LlavaConfig config, ClipPreprocessing images) {
        GgufMetadataBuilder metadata = new GgufMetadataBuilder();
        GgufConfigWriter.mmproj(metadata, name(), config, images, GgufSaveType.F16.fileType());
        GgufFileWriter.write(folder.resolve(MMPROJ), metadata, GgufTensors.mmproj(tensors, config.featureLayer()));
    }

    private Path writeDecoder(
            Path folder, Collection<LazyTensor> tensors, LlamaConfig config, GgufMetadataBuilder metadata) {
        List<LazyTensor> written = GgufTensors.decoder(tensors, config, type);
        new GgufLosses(model, notices).reportTypes(type, written);
        if (GgufTensors.quantizesAgain(tensors, config, type)) {
            notices.accept("quantized weights are dequantized and quantized again; quantizing the original model loses"
                    + " less");
        }
        Path file = folder.resolve("model-" + type + ".gguf");
        GgufFileWriter.write(file, metadata, written);
        return file;
    }

    /** Writes the second token that ends an answer and reports others. */
    private void writeEndOfTurn(GgufMetadataBuilder metadata, int vocabulary) {
        List<Integer> ends = new ArrayList<>(new TreeSet<>(GenerationConfig.eosIds(model, vocabulary)));
        int eos = LlamaTokenizer.load(model).eosId();
        ends.remove(Integer.valueOf(eos));
        if (ends.isEmpty()) {
            return;
        }
        GgufConfigWriter.endOfTurn(metadata, ends.get(0));
        if (ends.size() > 1) {
            notices.accept("GGUF holds two tokens that end an answer: wrote " + eos + " and " + ends.get(0)
                    + ", left out "
                    + ends.subList(1, ends.size()).stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
    }

    /** {@code general.name}: the name of the folder, or of a file without its extension. */
    private String name() {
        Path name = model.toAbsolutePath().normalize().getFileName();
        return name == null ? "llava" : name.toString().replaceAll("\\.gguf$", "");
    }
}
