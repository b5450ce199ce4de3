package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ProcessorConfig;
import org.llava4j.data.tokenizer.GgufTokenizer;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.tensors.LazyTensor;

/** Files of a model folder other than weights, and copying them between folders. */
final class FolderFiles {
    static final String CONFIG = "config.json";

    /** Keys of a decoder's config that do not affect the graph and are copied unchanged. */
    static final List<String> DECODER_KEYS =
            List.of("max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id");

    static final String GENERATION_CONFIG = "generation_config.json";

    /** Key of a config that names the format of quantized weights. */
    static final String QUANTIZATION = "quantization_config";

    /** Files with settings of the image preprocessing. */
    static final List<String> PREPROCESSING = List.of(ClipPreprocessing.FILE_NAME, ProcessorConfig.FILE_NAME);

    private FolderFiles() {}

    /** Writes the origin's tokenizer, extended if its vocabulary grows, and its generation settings. */
    static void writeTokenizer(Origin origin, Path to) {
        copyGeneration(origin.folder(), to);
        VocabularyGrowth growth = origin.growth();
        if (growth == null) {
            copyTokenizer(origin.folder(), to);
        } else {
            growth.writeTokenizer(to);
        }
    }

    /** Copies the tokenizer of a folder, or writes the files of the one in a GGUF file. */
    static void copyTokenizer(Path from, Path to) {
        if (GgufHeader.isGguf(from)) {
            GgufTokenizer.writeFiles(from, to);
            return;
        }
        copyExisting(TokenizerFiles.all(), from, to);
    }

    /** Copies the model's custom conversation template. */
    static void copyTemplate(Path from, Path to) {
        copyExisting(List.of(ChatFormat.TEMPLATE_FILE), from, to);
    }

    /** Copies the files of a folder without subfolders. */
    static void copyFolder(Path from, Path to) {
        makeFolder(to);
        list(from).forEach(file -> copy(file, to.resolve(file.getFileName())));
    }

    /** The files of a folder, sorted. */
    static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new BadInputException("cannot read " + folder + " (" + e.getMessage() + ")", e);
        }
    }

    static void copyGeneration(Path from, Path to) {
        copyExisting(List.of(GENERATION_CONFIG), from, to);
    }

    /** Writes the tower's image preprocessing, if its folder has any. */
    static void writePreprocessor(Origin origin, Path to) {
        Path from = origin.visionTower();
        if (!ClipPreprocessing.isIn(from)) {
            return;
        }
        Path file = from.resolve(ClipPreprocessing.FILE_NAME);
        ObjectNode settings = ClipPreprocessing.json(from);
        if (!origin.config().padToSquare() && settings.hasNonNull("do_pad")) {
            // A run may use another padding than the tower's original model.
            settings.put("do_pad", false);
        }
        if (Files.isRegularFile(file) && JsonInput.readBoundedObject(file).equals(settings)) {
            copy(file, to.resolve(ClipPreprocessing.FILE_NAME));
        } else {
            writeJson(to.resolve(ClipPreprocessing.FILE_NAME), settings);
        }
    }

    static void copyExisting(List<String> names, Path from, Path to) {
        for (String name : names) {
            if (Files.isRegularFile(from.resolve(name))) {
                copy(from.resolve(name), to.resolve(name));
            }
        }
    }

    static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw new BadInputException("cannot copy " + from + " to " + to + " (" + e.getMessage() + ")", e);
        }
    }

    static Path makeFolder(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInputException("cannot create the folder " + folder + " (" + e.getMessage() + ")", e);
        }
    }

    static void writeJson(Path file, ObjectNode json) {
        AtomicFile.writeString(file, json.toPrettyString() + "\n");
    }

    /** {@code torch_dtype} of a model: the dtype of its token embeddings. */
    static String torchType(Collection<LazyTensor> tensors) {
        return tensors.stream()
                .filter(tensor -> tensor.name().equals(ImageStartEndEmbeddings.TABLE))
                .findFirst()
                .orElseThrow()
                .info()
                .type()
                .torchName();
    }
}
