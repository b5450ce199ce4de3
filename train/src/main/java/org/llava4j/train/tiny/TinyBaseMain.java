package org.llava4j.train.tiny;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.text.BpeTrainer;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.data.text.SentencePieceWriter;
import org.llava4j.data.world.TextCorpus;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.data.world.WorldWriter;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code exec:java@tiny-base}: makes the base that the demo starts from, {@code resources/tiny/base}, anew. */
public final class TinyBaseMain extends Command {
    private static final int CORPUS_FOR_VOCABULARY = 20_000;
    private static final String CONFIG = "config.json";
    private static final String PREPROCESSOR = "preprocessor_config.json";
    private static final String WEIGHTS = "model.safetensors";

    private TinyBaseMain() {
        super(
                "tiny-base",
                "Makes the tiny base of the demo: a tokenizer, a tower that has seen drawn pictures with labels, a"
                        + " decoder that has read text.");
    }

    public static void main(String[] args) {
        new TinyBaseMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("output-dir", "DIR", "a new folder for the base"))
                .addOption(required("template", "FILE", "the conversation template of the demo"))
                .addOption(flag("vision-tower", "DIR", "a tower made before, instead of training one"))
                .addOption(flag("seed", "N", "of everything (default 1)"))
                .addOption(flag("pictures", "N", "drawn for the tower (default 32000)"))
                .addOption(flag("tower-steps", "N", "steps of the tower (default 5500)"))
                .addOption(flag("decoder-steps", "N", "steps of the decoder (default 4500, a guess: see the notes)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        ConversationTemplate template = ConversationTemplates.load(path(line, "template"));
        long seed = integer(line, "seed", 1);
        try (AtomicFolder folder = AtomicFolder.begin(output, CONFIG)) {
            Path base = folder.path();
            Path tokenizerFile = base.resolve("tokenizer.model");
            Files.write(
                    tokenizerFile,
                    SentencePieceWriter.bytes(
                            BpeTrainer.train(TextCorpus.texts(seed, CORPUS_FOR_VOCABULARY), TinySizes.VOCABULARY)));
            LlamaTokenizer tokenizer = LlamaTokenizer.load(tokenizerFile);
            Path tower = Files.createDirectories(base.resolve("vision_tower"));
            if (line.hasOption("vision-tower")) {
                takeTower(path(line, "vision-tower"), tower);
            } else {
                makeTower(output, tower, tokenizer, seed, line);
            }
            Llava decoder = TinyDecoder.train(tokenizer, template, seed, integer(line, "decoder-steps", 4500));
            SafetensorsWriter.write(base.resolve(WEIGHTS), weights(decoder, ""), name -> TensorType.F16);
            Files.writeString(base.resolve(CONFIG), TinyConfigs.model());
            folder.commit();
        } catch (IOException e) {
            throw new BadInputException(output + ": cannot be written (" + e.getMessage() + "); choose another", e);
        }
        System.out.println("wrote " + output);
    }

    private static void takeTower(Path from, Path to) throws IOException {
        for (String file : List.of(CONFIG, PREPROCESSOR, WEIGHTS)) {
            if (!Files.exists(from.resolve(file))) {
                throw new BadInputException(from + ": holds no " + file + "; name a CLIP folder");
            }
            Files.copy(from.resolve(file), to.resolve(file));
        }
    }

    private static void makeTower(Path output, Path tower, LlamaTokenizer tokenizer, long seed, CommandLine line)
            throws IOException {
        // Never committed: the pictures go when the tower has seen them.
        Path beside = output.resolveSibling(output.getFileName() + ".pictures");
        try (AtomicFolder pictures = AtomicFolder.begin(beside, CONFIG)) {
            Path world = pictures.path().resolve("world");
            WorldWriter.write(WorldPlan.labelled(seed, integer(line, "pictures", 32_000)), world);
            Llava model = TinyTower.train(world, tokenizer, seed, integer(line, "tower-steps", 5500));
            Files.writeString(tower.resolve(CONFIG), TinyConfigs.tower());
            Files.writeString(tower.resolve(PREPROCESSOR), TinyConfigs.preprocessor());
            SafetensorsWriter.write(tower.resolve(WEIGHTS), weights(model, Llava.TOWER_PREFIX), name -> TensorType.F16);
        }
    }

    private static Map<String, INDArray> weights(Llava model, String prefix) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (String name : model.weightNames()) {
            if (name.startsWith(prefix)) {
                weights.put(name.substring(prefix.length()), model.weight(name));
            }
        }
        return weights;
    }
}
