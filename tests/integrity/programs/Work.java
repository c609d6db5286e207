// SPDX-License-Identifier: Apache-2.0
//
// OpenJDK: compiled code beside interpreted code, implicit null checks by SIGSEGV, stack overflow by
// guard pages, safepoints, exceptions, threads.
public class Work {
    static int deep(int n) { return n > 0 ? deep(n - 1) + n : 1; }
    static int without(int n) { return without(n + 1) + 1; }
    static int length(String s) { try { return s.length(); } catch (NullPointerException e) { return -1; } }

    public static void main(String[] words) throws Exception {
        System.out.println("ready");
        System.out.flush();
        new java.io.BufferedReader(new java.io.InputStreamReader(System.in)).readLine();
        long sum = 0;
        for (int i = 0; i < 30000; i++) sum = (sum * 3 + deep(i % 20) + length(i % 3 == 0 ? null : "abc")) % 1000003;
        int overflowed = 0;
        try { without(0); } catch (StackOverflowError e) { overflowed = 1; }
        Thread[] threads = new Thread[8];
        java.util.concurrent.atomic.AtomicLong total = new java.util.concurrent.atomic.AtomicLong();
        for (int i = 0; i < 8; i++) { final int n = i; threads[i] = new Thread(() -> total.addAndGet(deep(n))); threads[i].start(); }
        for (Thread t : threads) t.join();
        System.out.println(sum + " " + overflowed + " " + total.get());
        System.exit(29);
    }
}
