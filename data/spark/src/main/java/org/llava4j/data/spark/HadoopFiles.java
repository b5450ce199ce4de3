package org.llava4j.data.spark;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.LocalCopies;
import scala.Tuple2;

/**
 * Local mirror of files on any Hadoop file system ({@code hdfs://}, {@code s3a://}, ...). Readers and writers work on
 * local files; each process mirrors the files that it needs.
 */
final class HadoopFiles {
    private static final Pattern ADDRESS = Pattern.compile("[a-z][a-z0-9+.-]+://.+");
    /** Model weights, which are large and not part of the data. */
    private static final Pattern WEIGHTS = Pattern.compile(".+\\.(safetensors|bin|pth)");

    /** Address of each file system, by its folder in the mirror. */
    private static final Map<Path, String> SYSTEMS = new ConcurrentHashMap<>();

    private static @Nullable Path root;

    private HadoopFiles() {}

    /** Tests whether a flag's value is an address on such a file system. */
    static boolean isAddress(String value) {
        return ADDRESS.matcher(value).matches();
    }

    /** Returns the path of a file or folder in this process's mirror, whether it exists yet or not. */
    static Path localPath(String address) {
        URI uri = uri(address);
        String authority = uri.getAuthority() == null ? "" : uri.getAuthority();
        Path system = root().resolve(uri.getScheme() + "-" + authority.replaceAll("[^A-Za-z0-9.-]", "_"));
        String systemAddress = uri.getScheme() + "://" + authority + "/";
        SYSTEMS.put(system, systemAddress);
        LocalCopies.add(system, systemAddress);
        return system.resolve(uri.getPath().substring(1));
    }

    /** Downloads a file, or a folder without model weights, unless it was downloaded before. */
    static synchronized Path download(String address) {
        Path local = localPath(address);
        if (!Files.exists(local)) {
            try {
                org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
                FileSystem files = remote.getFileSystem(configuration());
                fetch(files, files.getFileStatus(remote), local);
            } catch (IOException e) {
                throw new BadInputException(address + " cannot be read (" + e.getMessage() + "); check the address", e);
            }
        }
        return local;
    }

    /** Downloads atomically: the file appears under its name when it is complete. */
    private static void fetch(FileSystem files, FileStatus remote, Path local) throws IOException {
        Path part = local.resolveSibling("." + local.getFileName() + "." + UUID.randomUUID());
        Files.createDirectories(local.getParent());
        if (remote.isDirectory()) {
            Files.createDirectory(part);
            for (FileStatus each : files.listStatus(remote.getPath())) {
                String name = each.getPath().getName();
                if (!WEIGHTS.matcher(name).matches()) {
                    fetch(files, each, part.resolve(name));
                }
            }
        } else {
            try (var in = files.open(remote.getPath())) {
                Files.copy(in, part);
            }
        }
        Files.move(part, local);
    }

    /**
     * Downloads a file of the mirror that is in a mirrored folder; a file that does not exist is left to its reader.
     */
    static synchronized void require(Path local) {
        Path path = local.toAbsolutePath().normalize();
        Path mirror = root;
        if (mirror == null || !path.startsWith(mirror) || Files.exists(path)) {
            return;
        }
        Path system = mirror.resolve(mirror.relativize(path).getName(0));
        String address = SYSTEMS.get(system) + system.relativize(path);
        try {
            org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
            FileSystem files = remote.getFileSystem(configuration());
            if (files.exists(remote)) {
                fetch(files, files.getFileStatus(remote), path);
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Checks that an output address is free. */
    static void requireFree(String address) {
        try {
            org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
            if (remote.getFileSystem(configuration()).exists(remote)) {
                throw new BadInputException(address + " already exists; give another address or remove it");
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be written (" + e.getMessage() + "); check the address", e);
        }
    }

    /** Uploads a local file or folder atomically: it appears under its name when it is complete. */
    static void publish(Path local, String address) {
        requireFree(address);
        org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
        org.apache.hadoop.fs.Path part =
                new org.apache.hadoop.fs.Path(remote.getParent(), "." + remote.getName() + "." + UUID.randomUUID());
        try {
            FileSystem files = remote.getFileSystem(configuration());
            try {
                files.copyFromLocalFile(false, false, new org.apache.hadoop.fs.Path(local.toUri()), part);
                if (!files.rename(part, remote)) {
                    throw new IOException("the file system refused to rename " + part);
                }
            } finally {
                files.delete(part, true);
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static URI uri(String address) {
        URI uri;
        try {
            uri = new org.apache.hadoop.fs.Path(address).toUri();
        } catch (IllegalArgumentException e) {
            throw new BadInputException(address + " is not the address of a file (" + e.getMessage() + ")", e);
        }
        if (uri.getPath().length() < 2) {
            throw new BadInputException(address + " has no path; add the path of the file");
        }
        return uri;
    }

    /** Returns Hadoop's configuration with the {@code spark.hadoop.} settings of Spark. */
    private static Configuration configuration() {
        Configuration configuration = new Configuration();
        SparkConf spark = SparkEnv.get().conf();
        for (Tuple2<String, String> setting : spark.getAllWithPrefix("spark.hadoop.")) {
            configuration.set(setting._1(), setting._2());
        }
        return configuration;
    }

    private static synchronized Path root() {
        if (root == null) {
            root = temporaryFolder();
        }
        return root;
    }

    private static Path temporaryFolder() {
        try {
            Path folder = Files.createTempDirectory("llava4j-mirror").toAbsolutePath();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> AtomicFolder.delete(folder)));
            return folder;
        } catch (IOException e) {
            throw new BadInputException("cannot create a temporary folder (" + e.getMessage() + ")", e);
        }
    }
}
