package dev.troupe.deploy;

/** The entry point of every Troupe process. */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] args) {
        System.exit(args.length);
    }
}
