package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ProcessorConfig;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.config.ConfigFile;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.config.LlavaHfConfig;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.CheckpointLayout;

/**
 * Writer of llava-hf folders, the layout of LLaVA in transformers, with all weights in one set of shards and tensor
 * names that every version of transformers reads. In this layout an image's position in a prompt is a vocabulary token:
 * {@code <image>} is added to the tokenizer if necessary, with a row in the embedding tables that is never read.
 */
final class LlavaHfFolder {
    private LlavaHfFolder() {}

    static void write(Path folder, Collection<LazyTensor> tensors, Origin origin, WriteOptions options) {
        requireRepresentable(origin.config());
        VocabularyGrowth growth = imageToken(origin);
        CheckpointLayout layout = CheckpointLayout.LLAVA_HF;
        options.writeWeights(
                folder,
                tensors.stream()
                        .map(tensor -> growth == null ? tensor : growth.apply(tensor))
                        .map(tensor -> tensor.withName(layout.toStoredName(tensor.name())))
                        .toList());
        int vocabulary = growth == null ? origin.config().decoder().vocabSize() : growth.vocabSize();
        int imageId = growth == null ? vocabulary - 1 : imageId(growth, origin);
        FolderFiles.copyGeneration(origin.folder(), folder);
        if (growth != null) {
            growth.writeTokenizer(folder);
            writeTokenizerConfig(growth.tokenizer(), folder);
        }
        writePreprocessor(origin, folder);
        ObjectNode config = config(origin, vocabulary, imageId);
        config.put("torch_dtype", options.torchType(tensors));
        options.writeTo(config);
        ChatFormat chat = origin.chat();
        if (chat != null) {
            chat.writeTo(folder, config);
        }
        FolderFiles.writeJson(folder.resolve(FolderFiles.CONFIG), config);
    }

    private static void requireRepresentable(LlavaConfig config) {
        if (config.projector() == ProjectorType.LINEAR) {
            throw new BadInputException("llava-hf does not support a linear projector, since its projector always has"
                    + " two layers; use --layout llava");
        }
        if (config.imageStartEndTokens() != null) {
            throw new BadInputException(
                    "llava-hf does not support image start and end tokens (\"mm_use_im_start_end\");"
                            + " use --layout llava");
        }
    }

    private static int imageId(VocabularyGrowth growth, Origin origin) {
        Integer id = growth.tokenizer().addedId(LlamaTokenizer.IMAGE_TEXT);
        if (id == null) {
            throw new BadInputException(origin.folder() + ": the tokenizer has " + LlamaTokenizer.IMAGE_TEXT
                    + " as an ordinary piece instead of an added token; use the tokenizer that came with the weights");
        }
        return id;
    }

    /**
     * Vocabulary extension by the image token; null for a folder without a tokenizer, where the last row is the image
     * token's.
     */
    private static @Nullable VocabularyGrowth imageToken(Origin origin) {
        return TokenizerFiles.isIn(origin.folder())
                ? VocabularyGrowth.of(
                        origin.folder(), origin.config().decoder().vocabSize(), List.of(LlamaTokenizer.IMAGE_TEXT))
                : null;
    }

    /** Without add_bos_token, transformers omits the BOS token that LLaMA expects. */
    private static void writeTokenizerConfig(LlamaTokenizer tokenizer, Path folder) {
        Path file = folder.resolve(TokenizerFiles.CONFIG);
        if (Files.exists(file)) {
            return;
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        // LlamaTokenizer of transformers 5 reads only pieces and merges of a tokenizer.json; this class reads all of
        // it.
        boolean isJson = TokenizerFiles.isJson(TokenizerFiles.in(folder));
        json.put("tokenizer_class", isJson ? "PreTrainedTokenizerFast" : "LlamaTokenizer");
        json.put("processor_class", "LlavaProcessor");
        json.put("add_bos_token", tokenizer.addsBos());
        if (!isJson) {
            json.put("legacy", tokenizer.isLegacy());
            json.put("add_prefix_space", tokenizer.addsPrefixSpace());
        }
        json.put("add_eos_token", false);
        json.put("bos_token", tokenizer.bosId() < 0 ? null : tokenizer.piece(tokenizer.bosId()));
        json.put("eos_token", tokenizer.piece(tokenizer.eosId()));
        json.put("unk_token", tokenizer.piece(tokenizer.unkId()));
        FolderFiles.writeJson(file, json);
    }

    private static ObjectNode config(Origin origin, int vocabulary, int imageId) {
        LlavaConfig config = origin.config();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlavaForConditionalGeneration");
        json.put("model_type", "llava");
        json.put("ignore_index", -100);
        json.put("image_token_index", imageId);
        json.put("image_seq_length", config.numImageTokens());
        json.put("projector_hidden_act", "gelu");
        json.put("multimodal_projector_bias", true);
        json.put("vision_feature_layer", config.selectLayer());
        json.put("vision_feature_select_strategy", strategy(config));
        json.put("tie_word_embeddings", config.decoder().tiedEmbeddings());
        LlavaHfConfig.writeOwnKeys(config, json);
        ObjectNode text = json.putObject("text_config");
        text.putArray("architectures").add("LlamaForCausalLM");
        text.put("model_type", "llama");
        config.decoder().writeTo(text);
        text.put("vocab_size", vocabulary);
        ObjectNode original = ConfigFile.read(origin.folder());
        ObjectNode decoder = original.get("text_config") instanceof ObjectNode nested ? nested : original;
        text.setAll(decoder.deepCopy().retain(FolderFiles.DECODER_KEYS));
        config.vision().writeTo(json.putObject("vision_config"));
        return json;
    }

    private static String strategy(LlavaConfig config) {
        return config.selectFeature() == SelectFeature.PATCH ? "default" : "full";
    }

    private static void writePreprocessor(Origin origin, Path folder) {
        LlavaConfig config = origin.config();
        if (ClipPreprocessing.isIn(origin.visionTower())) {
            ObjectNode preprocessor = ClipPreprocessing.json(origin.visionTower());
            if (config.padToSquare()) {
                // Only this image processor of transformers pads, with the mean color as LLaVA does.
                preprocessor.put("image_processor_type", "LlavaImageProcessor");
                preprocessor.put("do_pad", true);
            } else if (preprocessor.hasNonNull("do_pad")) {
                preprocessor.put("do_pad", false);
            }
            preprocessor.put("processor_class", "LlavaProcessor");
            FolderFiles.writeJson(folder.resolve(ClipPreprocessing.FILE_NAME), preprocessor);
        }
        ObjectNode processor = JsonNodeFactory.instance.objectNode();
        processor.put("processor_class", "LlavaProcessor");
        processor.put("image_token", LlamaTokenizer.IMAGE_TEXT);
        processor.put("num_additional_image_tokens", 1);
        processor.put("patch_size", config.vision().patchSizePx());
        processor.put("vision_feature_select_strategy", strategy(config));
        FolderFiles.writeJson(folder.resolve(ProcessorConfig.FILE_NAME), processor);
    }
}
