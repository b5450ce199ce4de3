package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.GgufTokenizerWriter;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.GgufConfigWriter;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.GgufFileWriter;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorType;
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
        requireRepresentable(config);
        ClipPreprocessing images = config.preprocessing(origin.visionTower());
        List<LazyTensor> tensors = tensors(checkpoint, Llava.weightShapes(config));
        Path decoder = writeDecoder(folder, tensors, config.decoder(), config.maxLength());
        GgufMetadataBuilder metadata = new GgufMetadataBuilder();
        GgufConfigWriter.mmproj(metadata, name(), config, images, GgufSaveType.F16.fileType());
        GgufFileWriter.write(folder.resolve(MMPROJ), metadata, GgufTensors.mmproj(tensors, config.featureLayer()));
        report(config, images, origin.chat(), decoder);
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
                writeDecoder(folder.path(), tensors, config, GgufConfigWriter.contextLength(model));
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
        SaveType saveType = new SaveType(null, overflow);
        return checkpoint.toLazyTensors(shapes, null).stream()
                .map(saveType::apply)
                .toList();
    }

    private Path writeDecoder(Path folder, Collection<LazyTensor> tensors, LlamaConfig config, int contextLength) {
        GgufMetadataBuilder metadata = new GgufMetadataBuilder();
        GgufConfigWriter.decoder(metadata, name(), config, contextLength, type.fileType());
        GgufTokenizerWriter.write(model, config.vocabSize(), metadata, notices);
        writeEndOfTurn(metadata);
        List<LazyTensor> written = GgufTensors.decoder(tensors, config, type);
        reportTypes(written);
        if (GgufTensors.quantizesAgain(tensors, config, type)) {
            notices.accept("quantized weights are dequantized and quantized again; quantizing the original model loses"
                    + " less");
        }
        Path file = folder.resolve("model-" + type + ".gguf");
        GgufFileWriter.write(file, metadata, written);
        return file;
    }

    private void requireRepresentable(LlavaConfig config) {
        if (config.imageStartEndTokens() != null) {
            throw notRepresentable("image start and end tokens (\"mm_use_im_start_end\")");
        }
        if (config.selectFeature() != SelectFeature.PATCH) {
            throw notRepresentable("image features with the class token (\"mm_vision_select_feature\" cls_patch)");
        }
        if (config.featureLayer() == 0) {
            throw notRepresentable("image features in front of the first layer (\"mm_vision_select_layer\")");
        }
    }

    private BadInputException notRepresentable(String what) {
        return new BadInputException(model + " has " + what + ", which GGUF files cannot hold; export another layout");
    }

    /** Writes the second token that ends an answer and reports others. */
    private void writeEndOfTurn(GgufMetadataBuilder metadata) {
        Set<Integer> ends = new TreeSet<>(GenerationConfig.eosIds(model));
        ends.remove(LlamaTokenizer.load(model).eosId());
        for (int id : ends) {
            if (id == ends.iterator().next()) {
                GgufConfigWriter.endOfTurn(metadata, id);
            } else {
                notices.accept("GGUF holds two tokens that end an answer; left out the token " + id);
            }
        }
    }

    private void reportTypes(Collection<LazyTensor> written) {
        List<LazyTensor> narrow = written.stream()
                .filter(tensor -> tensor.info().type() == TensorType.F16)
                .toList();
        if (type != GgufSaveType.F16 && !narrow.isEmpty()) {
            notices.accept(narrow.size() + " matrices are f16 because their rows are not multiples of 32 values: "
                    + narrow.get(0).name() + (narrow.size() > 1 ? " and others" : ""));
        }
    }

    private void report(LlavaConfig config, ClipPreprocessing images, @Nullable ChatFormat chat, Path decoder) {
        int behind = config.vision().layers() - config.featureLayer();
        if (behind > 0) {
            notices.accept("left out what LLaVA does not use of the vision tower: its last norm and " + behind + " of "
                    + config.vision().layers() + " layers");
        }
        if (images.shortestEdgePx() != images.cropPx() || images.rescaleFactor() != 1 / 255.0) {
            notices.accept(
                    "GGUF cannot hold \"size\" and \"rescale_factor\" of the image preprocessing: images are resized to "
                            + images.cropPx() + " pixels instead of " + images.shortestEdgePx()
                            + " and divided by 255");
        }
        if (!config.padToSquare()) {
            notices.accept("the model does not pad images to a square (\"image_aspect_ratio\" square); llama.cpp does");
        }
        if (config.projector() == ProjectorType.LINEAR) {
            notices.accept("the projector is linear; llama.cpp applies GELU after it, LLaVA4J does not");
        }
        if (chat != null && !(ChatFormat.isIn(decoder) && chat.equals(ChatFormat.of(decoder)))) {
            notices.accept("GGUF does not hold the conversation template \""
                    + chat.template().name() + "\"; give --conv-mode with the files");
        }
    }

    /** {@code general.name}: the name of the folder, or of a file without its extension. */
    private String name() {
        Path name = model.toAbsolutePath().normalize().getFileName();
        return name == null ? "llava" : name.toString().replaceAll("\\.gguf$", "");
    }
}
